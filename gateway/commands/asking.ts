// The first stage of a command (CMD-1, CMD-2, CMD-3): somebody asks for a value. What passes is recorded and held,
// with a statement to sign; what does not is recorded as refused before it is answered. No device is touched.
import { randomUUID } from 'node:crypto';
import type { CommandBody } from '../contract/command.ts';
import { commandIdSchema } from '../contract/ids.ts';
import { type Refusal, refuse } from '../contract/problem.ts';
import type { PermissiveState } from '../contract/tag.ts';
import type { TagValue } from '../contract/values.ts';
import type { Tag } from '../plant/tag.ts';
import type { BreakGlass } from './break-glass.ts';
import { checkChange, checkSeen, checkValue, isWritable, type Observed, type WritableTag } from './checks.ts';
import type { DeskPorts } from './desk-ports.ts';
import { type HeldCommand, type HeldCommands, openPerPerson } from './held-commands.ts';
import type { Caller } from './ports.ts';
import { askedDraft, refusedAskDraft } from './record-drafts.ts';
import { checkRulesAsked } from './setpoint-rules.ts';

type Askable = {
  readonly ok: true;
  readonly tag: WritableTag;
  readonly value: TagValue;
  readonly observed: Observed;
  readonly permissives: readonly PermissiveState[];
};

/**
 * Checks, records and holds. The refusal carries its record. Rejects with log-unavailable when nothing could be
 * recorded: then nothing happened.
 */
export async function ask(
  ports: DeskPorts,
  commands: HeldCommands,
  breakGlass: BreakGlass,
  caller: Caller,
  body: CommandBody,
): Promise<
  { readonly ok: true; readonly held: HeldCommand; readonly permissives: readonly PermissiveState[] } | Refusal
> {
  const tag = ports.tags.get(body.tagId);
  const askable = await checkAsk(ports, breakGlass, caller, body, tag);
  if (!askable.ok) return recordRefusal(ports, caller, body, tag, askable);
  const release = commands.reserve(caller.userId);
  if (release === null)
    return recordRefusal(
      ports,
      caller,
      body,
      tag,
      refuse(
        'too-many-requests',
        `At most ${openPerPerson} commands of one person may wait for signatures. Sign or withdraw some first.`,
      ),
    );
  try {
    const { policy } = askable.tag.setpoint;
    const expiresAt = new Date(ports.now() + policy.timeLimitSeconds * 1000).toISOString();
    const id = commandIdSchema.parse(randomUUID());
    const { permissives } = askable;
    const draft = askedDraft(caller, id, askable.tag, body, askable.value, askable.observed, expiresAt, permissives);
    return { ok: true, held: await commands.begin(draft), permissives };
  } finally {
    release();
  }
}

/** Also asked for a proposal that a person takes up (CMD-10). Rights come first: who may not command a tag learns nothing of its limits. */
export async function checkAsk(
  ports: DeskPorts,
  breakGlass: BreakGlass,
  caller: Caller,
  body: CommandBody,
  tag: Tag | undefined,
): Promise<Askable | Refusal> {
  if (tag === undefined) return refuse('tag-unknown', `There is no tag ${body.tagId}.`, { field: 'tagId' });
  const right = ports.mayDo(caller, 'command', tag.area);
  if (!right.ok) return right;
  if (!isWritable(tag))
    return refuse('tag-not-writable', `${tag.id} can be read only; it is not a setpoint.`, { field: 'tagId' });
  const glass = body.breakGlass === true ? breakGlass.refuseUnder(tag.setpoint.policy) : null;
  if (glass !== null) return glass;
  const value = checkValue(tag, body.value);
  if (!value.ok) return value;
  const seen = checkSeen(tag, ports.readLatest(tag), body.observed.value, ports.now());
  if (!seen.ok) return seen;
  const change = checkChange(tag, value.value, seen.observed.value);
  if (!change.ok) return change;
  const wanted = { tag, value: value.value, observed: seen.observed.value, own: null };
  const rules = await checkRulesAsked(ports, wanted);
  if (!rules.ok) return rules;
  return { ok: true, tag, value: value.value, observed: seen.observed, permissives: rules.permissives };
}

async function recordRefusal(
  ports: DeskPorts,
  caller: Caller,
  body: CommandBody,
  tag: Tag | undefined,
  refusal: Refusal,
): Promise<Refusal> {
  const { seq } = await ports.append(refusedAskDraft(caller, body, tag?.unit ?? null, refusal));
  return { ...refusal, record: seq };
}
