// An authorised write for driver tests, made the only way there is: by the gate, for an intent that a signature carries.
import { createHash, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import type { WritableTag } from '../../../gateway/commands/checks.ts';
import { type AuthorisedWrite, type GateRecords, openGate } from '../../../gateway/commands/gate.ts';
import type { WriteResult } from '../../../gateway/commands/ports.ts';
import { canonicalJson, type Json } from '../../../gateway/contract/canonical.ts';
import { areaIdSchema, commandIdSchema, terminalIdSchema, userIdSchema } from '../../../gateway/contract/ids.ts';
import { publicKeySchema } from '../../../gateway/contract/session.ts';
import type { CommandStatement } from '../../../gateway/contract/statement.ts';
import type { TagValue } from '../../../gateway/contract/values.ts';
import type { SetpointRule, Tag } from '../../../gateway/plant/tag.ts';

/** A rule that leaves the judgement to the device. */
export const openRule: SetpointRule = {
  min: null,
  max: null,
  maxStep: null,
  resolution: null,
  tolerance: 0,
  settleMs: 0,
  confirmWithinMs: 0,
  freshnessMs: 60_000,
  consequence: 'For the test only.',
  follows: null,
  permissives: [],
  rate: null,
  minIntervalMs: null,
  confirm: { rest: null, feedback: null },
  policy: {
    name: 'test',
    reasonCodes: [],
    reason: 'optional',
    comment: 'optional',
    meanings: ['responsibility'],
    countersignMeanings: [],
    signatures: 1,
    timeLimitSeconds: 600,
  },
};

/** Passes `value` for `tag` through a gate of its own and hands the authorised write to `deliver`; answers with its result. */
export async function throughGate(
  tag: Tag,
  value: TagValue,
  deliver: (write: AuthorisedWrite) => Promise<WriteResult>,
): Promise<{ readonly result: WriteResult; readonly command: string }> {
  const writable: WritableTag = { ...tag, setpoint: { ...openRule } };
  const command = commandIdSchema.parse(randomUUID());
  const observed = { value: another(value), quality: 'good' as const, sourceTime: new Date().toISOString() };
  const expiresAtMs = Date.now() + 60_000;
  const { publicKey, id: terminalId, signed } = terminalKey();
  const signer = userIdSchema.parse('operator');
  const actor = { id: 'operator', name: 'operator', printedName: 'Olga Operator' };
  const statement: CommandStatement = {
    version: 1,
    terminal: terminalId,
    nonce: 'n'.repeat(22),
    expiresAt: new Date(expiresAtMs).toISOString(),
    configuration: { seq: 0, digest: 'digest' },
    purpose: 'command',
    command,
    tag: tag.id,
    description: tag.description,
    observed,
    value,
    unit: tag.unit,
  };
  const terminal = { id: terminalId, name: 'test', area: null };
  const caller = { userId: signer, actor, terminalId, terminal, address: '127.0.0.1', sessionId: 'session' };
  let result: WriteResult | undefined;
  const gate = openGate({
    now: Date.now,
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms).unref()),
    readDevice: async () => {
      const held = result === undefined ? observed.value : value;
      const sample = {
        index: tag.index,
        value: held,
        quality: 'good',
        reason: 'none',
        sourceTimeMs: Date.now(),
      } as const;
      return { ok: true, sample, readAtMs: Date.now() };
    },
    writeToPlc: async (write) => {
      result = await deliver(write);
      return result;
    },
    mayStillSign: () => ({ ok: true }),
    tags: new Map([[tag.id, tag]]),
    readStages: async () => [],
    readCommandRecords: async () => [],
  });
  const record = {
    kind: 'command.signed' as const,
    actor,
    terminal,
    address: '127.0.0.1',
    subject: `command:${command}`,
  };
  const records: GateRecords = { record: async () => undefined, close: async () => undefined, sent: () => undefined };
  const intent = {
    id: command,
    tag: writable,
    observed,
    value,
    signatures: [{ signer, actor, caller, statement, jws: signed({ ...statement, signer }), publicKey, record }],
    expiresAtMs,
  };
  const place = gate.reserve(writable);
  if (!place.ok) throw new Error(place.detail);
  await gate.carryOut(await gate.accept(intent, record, place.turn, records), records);
  if (result === undefined) throw new Error('the gate let nothing through');
  return { result, command };
}

function terminalKey() {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { kty, crv, x, y } = pair.publicKey.export({ format: 'jwk' });
  const publicKey = publicKeySchema.parse({ kty, crv, x, y });
  const id = terminalIdSchema.parse(createHash('sha256').update(canonicalJson(publicKey)).digest('base64url'));
  const part = (text: string) => Buffer.from(text).toString('base64url');
  const signed = (payload: Json) => {
    const header = part(JSON.stringify({ alg: 'ES256', kid: id, typ: 'countersign-statement+jws' }));
    const input = `${header}.${part(canonicalJson(payload))}`;
    const signature = sign('sha256', Buffer.from(input), { key: pair.privateKey, dsaEncoding: 'ieee-p1363' });
    return `${input}.${signature.toString('base64url')}`;
  };
  return { publicKey, id, signed };
}

/** Some other value of the same type. */
function another(value: TagValue): TagValue {
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'number') return value === 1 ? 2 : 1;
  return value === '1' ? '2' : '1';
}

export const anArea = areaIdSchema.parse('area');
