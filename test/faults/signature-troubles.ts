// What is wrong with the signatures of one command of a fault run: before the intent, after a break-glass, of a decline and
// of a resolution. Verified with the terminals' own keys and none of the product's code. Pure; called by judge.ts.
import { createHash } from 'node:crypto';
import { compactVerify, importJWK } from 'jose';
import type { LogRecord } from '../support/gateway.ts';
import type { CommandLife } from './command-life.ts';
import type { History } from './history.ts';
import { isSame } from './matching-writes.ts';

type Said = Record<string, unknown>;

/** An intent stands on as many signatures of different persons as it was to have, each about exactly this (SIG-5, SIG-6). */
export async function signatureTroubles(life: CommandLife, history: History): Promise<readonly string[]> {
  const { id, accepted, signatures } = life;
  const troubles: string[] = [];
  const isAboutThis = (said: Said): string | null => {
    if (said.command !== id || said.tag !== life.tag) return 'it is about something else';
    if ((said.breakGlass === true) !== life.isBreakGlass) return 'it is for a command of another kind';
    return isSame(said.value, life.value, 0) ? null : 'it is about another value';
  };
  for (const record of signatures) {
    const why =
      (await wrongSignature(record, history, isAboutThis)) ??
      (history.passkeyTags.has(life.tag) ? wrongAssertion(record) : null);
    if (why !== null) troubles.push(`record ${record.seq} carries no signature for ${id}: ${why}`);
  }
  for (const record of life.closings.filter(({ kind }) => kind === 'command.declined')) {
    const why = await wrongSignature(record, history, (said) => {
      return said.command === id && said.purpose === 'decline' ? null : 'it declines something else';
    });
    if (why !== null) troubles.push(`record ${record.seq} does not decline ${id}: ${why}`);
  }
  troubles.push(...(await resolutionTroubles(life, history)));
  if (accepted === null) return troubles;
  return [...troubles, ...intentTroubles(life, accepted), ...glassTroubles(life, accepted)];
}

function intentTroubles(life: CommandLife, accepted: LogRecord): readonly string[] {
  const { id, signatures, signaturesNeeded, proposed, asked } = life;
  const troubles: string[] = [];
  const before = signatures.filter(({ seq }) => seq < accepted.seq);
  const people = new Set(before.map(({ actor }) => actor?.id));
  if (!(people.size >= signaturesNeeded))
    troubles.push(`${id} was accepted on ${people.size} of ${signaturesNeeded} signatures`);
  const carried = accepted.detail?.signatures as readonly { jws: string }[] | undefined;
  for (const record of before)
    if (carried?.some(({ jws }) => jws === jwsOf(record)) !== true)
      troubles.push(`the intent of ${id} lacks a signature of its own (record ${record.seq})`);
  const [first] = before;
  if (
    proposed &&
    (asked === null || first === undefined || asked.actor?.id !== first.actor?.id || asked.seq > first.seq)
  )
    troubles.push(`${id} was proposed by a machine, and accepted though nobody asked for it and signed`);
  return troubles;
}

/** CMD-13: what break-glass left out comes from others than who signed before, and is not called settled without it. */
function glassTroubles(
  { id, isBreakGlass, signatures, signaturesInAll, glass, state }: CommandLife,
  accepted: LogRecord,
) {
  const troubles: string[] = [];
  const people = new Set(signatures.map(({ actor }) => actor?.id));
  if (people.size < signatures.length) troubles.push(`one person signed ${id} twice`);
  const after = signatures.filter(({ seq }) => seq > accepted.seq);
  if (!isBreakGlass && after.length + glass.length > 0) troubles.push(`${id} was signed after it was accepted`);
  if (isBreakGlass && !glass.some(({ kind }) => kind === 'break-glass.used'))
    troubles.push(`${id} broke the glass, and no record says so`);
  const settled = glass.find(({ kind }) => kind === 'break-glass.settled');
  if (settled === undefined) return troubles;
  const nothingOwed = state === 'refused' && settled.detail?.code === 'nothing-written';
  if (!nothingOwed && people.size < signaturesInAll)
    troubles.push(`${id} is settled on ${people.size} of ${signaturesInAll} signatures`);
  return troubles;
}

/** CMD-6: an unknown outcome is resolved once, by a signed word about it. */
async function resolutionTroubles({ id, resolved, state }: CommandLife, history: History): Promise<readonly string[]> {
  const troubles: string[] = [];
  if (resolved.length > 1) troubles.push(`${id} was resolved ${resolved.length} times`);
  for (const record of resolved) {
    if (state !== 'unknown') troubles.push(`${id} is ${state}, and was resolved`);
    const why = await wrongSignature(record, history, (said) => {
      const change = said.change as { found?: unknown } | undefined;
      if (said.purpose !== 'resolve' || said.about !== `command:${id}`) return 'it resolves something else';
      return change?.found === record.detail?.code ? null : 'something else was found';
    });
    if (why !== null) troubles.push(`record ${record.seq} does not resolve ${id}: ${why}`);
  }
  return troubles;
}

function jwsOf(record: LogRecord): string {
  return String((record.signature as { jws?: unknown } | undefined)?.jws);
}

async function wrongSignature(
  record: LogRecord,
  { keys }: History,
  judge: (said: Said) => string | null,
): Promise<string | null> {
  const key = keys.get(record.terminal?.id ?? '');
  if (key === undefined) return 'no terminal of this run';
  try {
    const { payload } = await compactVerify(jwsOf(record), await importJWK(key, 'ES256'));
    const said = JSON.parse(new TextDecoder().decode(payload)) as Said;
    return said.signer === record.actor?.id ? judge(said) : 'somebody else signed';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** SIG-7: the passkey answered this very statement; its own signature is `audit verify`'s to check. */
function wrongAssertion(record: LogRecord): string | null {
  const { jws, assertion } = (record.signature ?? {}) as {
    readonly jws?: string;
    readonly assertion?: { readonly response: { readonly clientDataJSON: string } };
  };
  if (jws === undefined || assertion === undefined) return 'no passkey answered';
  const client = JSON.parse(Buffer.from(assertion.response.clientDataJSON, 'base64url').toString('utf8')) as Said;
  const payload = Buffer.from(jws.split('.')[1] ?? '', 'base64url');
  const challenge = createHash('sha256').update(payload).digest('base64url');
  return client.challenge === challenge ? null : 'a passkey answered to another statement';
}
