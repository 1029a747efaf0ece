// A command's view, folded from its records alone (CMD-1): the desk uses it for open commands and for old ones, so
// that a command reads the same before and after a restart and needs no table of its own. Pure.
import type { CommandView, SignatureView, StageView } from '../contract/command.ts';
import { closedStates } from '../contract/command-state.ts';
import { commandIdSchema, tagIdSchema } from '../contract/ids.ts';
import { tagValueSchema } from '../contract/values.ts';
import {
  askedDetailSchema,
  breakGlassDetailSchema,
  type CommandRecord,
  outcomeDetailSchema,
  proposedDetailSchema,
  signedDetailSchema,
  writtenDetailSchema,
} from './command-record.ts';
import {
  asked,
  countersignaturesDue,
  eventOf,
  follow,
  type Lifecycle,
  missingSignatures,
  proposed,
} from './lifecycle.ts';
import { stageText } from './stage-text.ts';

export type FoldedCommand = {
  readonly view: CommandView;
  readonly life: Lifecycle;
  /** Name of the signing policy that it was asked under. */
  readonly policy: string;
  readonly isBreakGlass: boolean;
  /** What the next signature's `countersigns` must hold; null before the first. */
  readonly lastSignatureDigest: string | null;
};

/** What a command.proposed or command.asked record says: the command as it was from then on. */
type Beginning = {
  readonly life: Lifecycle;
  readonly policy: string;
  readonly isBreakGlass: boolean;
  readonly shown: Pick<
    CommandView,
    'id' | 'tagId' | 'area' | 'description' | 'value' | 'unit' | 'observed' | 'askedBy' | 'askedAt' | 'expiresAt'
  >;
  readonly proposal: NonNullable<CommandView['proposal']> | null;
};

/**
 * Folds the records of one command, oldest first. Null where they do not begin with a well-formed command.asked or
 * command.proposed: then nothing can be said. A record that cannot follow is shown among the stages and moves nothing.
 */
export function foldCommand(records: readonly CommandRecord[]): FoldedCommand | null {
  const [first] = records;
  let begun = first === undefined ? null : beginningOf(first);
  if (begun === null) return null;
  const { proposal } = begun;
  let { life } = begun;
  const signatures: SignatureView[] = [];
  let lastSignatureDigest: string | null = null;
  let dueAt: string | null = null;
  let overdue = false;
  let readBack: CommandView['readBack'] = null;
  let outcome: CommandView['outcome'] = null;
  let trace: CommandView['trace'];
  let writtenAt: string | undefined;
  for (const record of records) {
    if (record.kind === 'command.asked' && life.state === 'proposed') {
      const turned = beginningOf(record);
      if (turned === null || turned.shown.tagId !== begun.shown.tagId) continue;
      begun = turned;
      life = turned.life;
      continue;
    }
    if (record.kind === 'break-glass.used') {
      const used = breakGlassDetailSchema.safeParse(record.detail);
      if (used.success) dueAt = used.data.dueAt;
    }
    if (record.kind === 'break-glass.overdue') overdue = true;
    if (record.kind === 'command.written') writtenAt = writtenDetailSchema.safeParse(record.detail).data?.at;
    const event = eventOf(record);
    const next = event === null ? null : follow(life, event);
    if (next === null) continue;
    life = next;
    if (event?.kind === 'signed') {
      const signature = signatureView(record);
      if (signature !== null) signatures.push(signature);
      lastSignatureDigest = signedDetailSchema.safeParse(record.detail).data?.digest ?? null;
    }
    const closing = event?.kind === 'closed' ? outcomeDetailSchema.safeParse(record.detail) : null;
    if (closing?.success === true) {
      outcome = { code: closing.data.code, text: closing.data.text };
      readBack = closing.data.readBack ?? readBack;
      trace = closing.data.trace ?? trace;
    }
  }
  const missing = countersignaturesDue(life);
  const view: CommandView = {
    ...begun.shown,
    state: life.state,
    signatures,
    missingSignatures: closedStates.has(life.state) ? 0 : missingSignatures(life),
    stages: records.map(stageView),
    readBack,
    ...(trace === undefined ? {} : { trace }),
    ...(writtenAt === undefined ? {} : { writtenAt }),
    outcome,
    ...(begun.isBreakGlass ? { breakGlass: { missing, dueAt, overdue: overdue && missing > 0 } } : {}),
    ...(proposal === null ? {} : { proposal }),
  };
  return { view, life, policy: begun.policy, isBreakGlass: begun.isBreakGlass, lastSignatureDigest };
}

function stageView(record: CommandRecord): StageView {
  const signature = signatureView(record);
  return {
    kind: record.kind,
    time: record.time,
    record: record.seq,
    actor: record.actor?.printedName ?? null,
    terminal: record.terminal?.name ?? null,
    text: stageText(record),
    ...(signature === null ? {} : { signature }),
  };
}

function beginningOf(record: CommandRecord): Beginning | null {
  const { actor } = record;
  const id = commandIdSchema.safeParse(record.command);
  const tagId = tagIdSchema.safeParse(record.subject);
  const value = tagValueSchema.safeParse(record.new ?? null);
  const observed = tagValueSchema.safeParse(record.old ?? null);
  if (actor === null || !id.success || !tagId.success || !value.success || !observed.success) return null;
  const shown = (
    detail: Pick<CommandView, 'area' | 'description' | 'expiresAt'> & Omit<CommandView['observed'], 'value'>,
  ): Beginning['shown'] => ({
    id: id.data,
    tagId: tagId.data,
    area: detail.area,
    description: detail.description,
    value: value.data,
    unit: record.unit ?? '',
    observed: { value: observed.data, quality: detail.quality, sourceTime: detail.sourceTime },
    askedBy: { id: actor.id, printedName: actor.printedName },
    askedAt: record.time,
    expiresAt: detail.expiresAt,
  });
  if (record.kind === 'command.asked') {
    const detail = askedDetailSchema.safeParse(record.detail);
    if (!detail.success) return null;
    const { signatures, policy, breakGlass } = detail.data;
    const isBreakGlass = breakGlass === true;
    const life = isBreakGlass ? asked(1, signatures - 1) : asked(signatures);
    return { life, policy, isBreakGlass, shown: shown(detail.data), proposal: null };
  }
  const detail = record.kind === 'command.proposed' ? proposedDetailSchema.safeParse(record.detail) : null;
  if (detail?.success !== true) return null;
  const { signatures, policy, origin, reference } = detail.data;
  const token = { id: actor.id, name: actor.printedName };
  return {
    life: proposed(signatures),
    policy,
    isBreakGlass: false,
    shown: shown(detail.data),
    proposal: { origin, reference, token, proposedAt: record.time },
  };
}

/** SIG-8: the elements of a signature, from its record. */
export function signatureView(record: CommandRecord): SignatureView | null {
  const detail = signedDetailSchema.safeParse(record.detail);
  if (!detail.success || record.actor === null || record.terminal === null || record.meaning === undefined) return null;
  const passkey = detail.data.standsOn?.passkey;
  return {
    signer: record.actor.name,
    printedName: record.actor.printedName,
    meaning: record.meaning,
    reasonCode: record.reason?.code ?? null,
    reasonText: detail.data.reasonText,
    comment: record.reason?.comment ?? null,
    time: record.time,
    signedAt: detail.data.signedAt,
    terminal: { id: record.terminal.id, name: record.terminal.name },
    record: record.seq,
    ...(passkey === undefined ? {} : { passkey: { record: passkey } }),
  };
}
