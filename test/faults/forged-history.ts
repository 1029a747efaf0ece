// Histories for judge.test.ts: a true one of a few commands, with real signatures, and the means to forge it.
import { CompactSign, exportJWK, generateKeyPair } from 'jose';
import type { ReceivedWrite } from '../../simulators/write-log.ts';
import type { LogRecord } from '../support/gateway.ts';
import type { History } from './history.ts';

export const opcuaTag = 'BR101.TIC.SP';
export const modbusTag = 'WFI.TIC.SP';
const startMs = Date.UTC(2026, 0, 1);

export type Draft = {
  readonly id: string;
  readonly tag: string;
  readonly old: number;
  readonly value: number;
  /** From the start of the history, ms. */
  readonly atMs: number;
  readonly signers?: readonly string[];
  readonly signaturesNeeded?: number;
  /** Null: it never came to an intent. */
  readonly accepted?: boolean;
  readonly proposed?: boolean;
  readonly breakGlass?: boolean;
  /** Signers after the write. */
  readonly afterwards?: readonly string[];
  /** What a resolution says was found, and the command that its signature is about. */
  readonly resolved?: { readonly found: string; readonly about: string };
  readonly closing: string | null;
  readonly code?: string;
  readonly readBack?: { readonly value: number; readonly atMs: number };
};

export function timeOf(atMs: number): string {
  return new Date(startMs + atMs).toISOString();
}

export async function newTerminal() {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  return { privateKey, jwk: await exportJWK(publicKey) };
}
export type Terminal = Awaited<ReturnType<typeof newTerminal>>;

/** The records of one command, numbered from `seq` on. */
export async function recordsOf(draft: Draft, seq: number, terminal: Terminal): Promise<LogRecord[]> {
  const { id, tag, old, value, atMs, signers = ['operator'], accepted = true, closing } = draft;
  const records: LogRecord[] = [];
  const add = (kind: string, ms: number, rest: Partial<LogRecord>): void => {
    const about = { subject: tag, command: id, old, new: value, actor: null, terminal: null, address: null };
    records.push({ seq: seq + records.length, time: timeOf(ms), kind: `command.${kind}`, ...about, ...rest });
  };
  const glass = draft.breakGlass === true ? { breakGlass: true } : {};
  const detail = { signatures: draft.signaturesNeeded ?? signers.length, ...glass };
  if (draft.proposed === true) add('proposed', atMs, { detail, actor: { id: 'machine' } });
  else add('asked', atMs, { detail, actor: { id: signers[0] ?? 'operator' } });
  const signed = (said: Record<string, unknown>): Promise<string> =>
    new CompactSign(new TextEncoder().encode(JSON.stringify(said)))
      .setProtectedHeader({ alg: 'ES256' })
      .sign(terminal.privateKey);
  const sign = async (kind: string, signer: string, ms: number, said: Record<string, unknown>, more = {}) => {
    const jws = await signed({ signer, ...said });
    add(kind, ms, { actor: { id: signer }, terminal: { id: 'terminal' }, signature: { jws }, ...more });
    return jws;
  };
  const said = { command: id, tag, value, ...glass };
  const jwss: string[] = [];
  for (const [index, signer] of signers.entries())
    jwss.push(await sign(index === 0 ? 'signed' : 'countersigned', signer, atMs + 10, said));
  if (accepted) {
    const signatures = jwss.map((jws) => ({ jws }));
    add('accepted', atMs + 10, { detail: { notAfter: timeOf(atMs + 10_010), signatures } });
    if (draft.breakGlass === true) add('used', atMs + 10, { kind: 'break-glass.used' });
  }
  const readBack =
    draft.readBack === undefined
      ? {}
      : { readBack: { value: draft.readBack.value, time: timeOf(draft.readBack.atMs) } };
  if (closing === 'declined') await sign(closing, 'supervisor', atMs + 400, { command: id, purpose: 'decline' });
  else if (closing !== null) add(closing, atMs + 400, { detail: { code: draft.code ?? 'x', ...readBack } });
  for (const signer of draft.afterwards ?? []) await sign('countersigned', signer, atMs + 500, said);
  if (draft.afterwards !== undefined)
    add('settled', atMs + 500, { kind: 'break-glass.settled', detail: { code: 'countersigned' } });
  if (draft.resolved !== undefined) {
    const { found, about } = draft.resolved;
    const resolution = { purpose: 'resolve', about: `command:${about}`, change: { found: 'reached' } };
    await sign('resolved', 'supervisor', atMs + 600, resolution, { detail: { code: found } });
  }
  return records;
}

export function writeOf(
  { id, tag, value }: Pick<Draft, 'id' | 'tag' | 'value'>,
  atMs: number,
  rest: Partial<ReceivedWrite> = {},
): ReceivedWrite {
  const protocol = tag === modbusTag ? 'modbus' : 'opcua';
  const auditEntryId = protocol === 'opcua' ? id : null;
  return { at: startMs + atMs, protocol, point: tag, value, status: 'applied', answer: 'Good', auditEntryId, ...rest };
}

/** `shown`: what the device began to show, and when. */
export async function historyOf(
  drafts: readonly Draft[],
  writes: readonly ReceivedWrite[],
  shown: readonly { readonly tag: string; readonly atMs: number; readonly value: number }[],
  rest: Partial<History> = {},
): Promise<History> {
  const terminal = await newTerminal();
  const records: LogRecord[] = [];
  for (const draft of drafts) records.push(...(await recordsOf(draft, records.length, terminal)));
  const ofTag = (tag: string) =>
    shown.filter((one) => one.tag === tag).map(({ atMs, value }) => ({ at: startMs + atMs, value }));
  return {
    records,
    writes,
    shownBetween: (tag, fromMs, toMs) =>
      ofTag(tag).filter(({ at }, i, all) => at <= toMs && (all[i + 1]?.at ?? Number.POSITIVE_INFINITY) >= fromMs),
    told: [],
    keys: new Map([['terminal', terminal.jwk]]),
    tolerances: new Map([
      [opcuaTag, 0.05],
      [modbusTag, 0.05],
    ]),
    passkeyTags: new Set(),
    ...rest,
  };
}
