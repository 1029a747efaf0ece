// Which records a verifier reads as a whole: all that anybody judges beyond place and order. Whatever was taken out of them.
import { describe, expect, it } from 'vitest';
import { makeRecord } from '../../../gateway/audit/record.ts';
import { RecordLineReader } from '../../../gateway/audit/record-line.ts';
import { mustBeSigned, signedKinds } from '../../../gateway/audit/signed-kinds.ts';
import { canonicalBytes, type Json } from '../../../gateway/contract/canonical.ts';

const draft = { kind: 'session.opened', actor: null, terminal: null, address: null, subject: 'x' } as const;
const place = { seq: 5, timeUs: 1_790_000_000_000_000, salt: 'AAAAAAAAAAAAAAAAAAAAAA', clockBehindUs: 0 };
const { bytes: ordinaryBytes } = makeRecord(draft, { ...place, chain: { commit: 4, standing: null } });
const ordinary = JSON.parse(Buffer.from(ordinaryBytes).toString()) as { readonly [name: string]: Json };
const read = (record: { readonly [name: string]: Json | undefined }) => {
  const bytes = canonicalBytes(record);
  return new RecordLineReader().read(bytes, 0, bytes.length);
};

describe('record line', () => {
  it.each(signedKinds)('SIG-6: %s is read as a whole without its signature too', (kind) => {
    expect(read({ ...ordinary, kind })).toMatchObject({ seq: 5, commit: 4, matters: true });
  });

  it('SIG-6: the list of signed kinds holds every kind that is wrong without its signature', () => {
    expect(signedKinds.filter((kind) => !mustBeSigned(kind))).toEqual(['passkey.removed']);
  });

  it.each(['command.asked', 'command.confirmed', 'passkey.used', 'terminal.enrolled', 'log.opened', 'log.key-rotated'])(
    'AUD-5: %s is read as a whole, whatever it lacks',
    (kind) => {
      expect(read({ ...ordinary, kind })).toMatchObject({ matters: true });
    },
  );

  const mattering: readonly (readonly [string, { readonly [name: string]: Json | undefined }])[] = [
    ['a signature', { signature: { jws: 'x' } }],
    ['a signature that is none', { signature: null }],
    ['a command', { command: 'x' }],
    ['a projection', { detail: { a: 1, projection: { digest: 'x', subject: 'account:a' } } }],
    ['a kind that is no text', { kind: 1 }],
    ['a kind that is a list of one', { kind: ['session.opened'] }],
    ['no kind', { kind: undefined }],
  ];
  it.each(mattering)('AUD-5: a record with %s is read as a whole, of whatever kind', (_what, members) => {
    expect(read(ordinary)).toMatchObject({ matters: false, standing: -1 });
    expect(read({ ...ordinary, ...members })).toMatchObject({ matters: true });
  });

  it('AUD-3: a chain that says anything else than commit and standing names neither', () => {
    for (const chain of [
      { commit: 4 },
      { commit: 4, more: 1, standing: null },
      { commit: '4', standing: null },
      [4],
      null,
    ])
      expect(read({ ...ordinary, chain })).toMatchObject({ commit: Number.NaN });
    for (const standing of [-1, 1.5, '3', [], true])
      expect(read({ ...ordinary, chain: { commit: 4, standing } })).toMatchObject({ commit: Number.NaN });
    expect(read({ ...ordinary, chain: { commit: 4, standing: 3 } })).toMatchObject({ commit: 4, standing: 3 });
  });
});
