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
  add('asked', atMs, { detail: { signatures: draft.signaturesNeeded ?? signers.length } });
  const jwss: string[] = [];
  for (const [index, signer] of signers.entries()) {
    const jws = await new CompactSign(new TextEncoder().encode(JSON.stringify({ command: id, tag, value, signer })))
      .setProtectedHeader({ alg: 'ES256' })
      .sign(terminal.privateKey);
    jwss.push(jws);
    const kind = index === 0 ? 'signed' : 'countersigned';
    add(kind, atMs + 10, { actor: { id: signer }, terminal: { id: 'terminal' }, signature: { jws } });
  }
  if (accepted) {
    const signatures = jwss.map((jws) => ({ jws }));
    add('accepted', atMs + 10, { detail: { notAfter: timeOf(atMs + 10_010), signatures } });
  }
  const readBack =
    draft.readBack === undefined
      ? {}
      : { readBack: { value: draft.readBack.value, time: timeOf(draft.readBack.atMs) } };
  if (closing !== null) add(closing, atMs + 400, { detail: { code: draft.code ?? 'x', ...readBack } });
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
    ...rest,
  };
}
