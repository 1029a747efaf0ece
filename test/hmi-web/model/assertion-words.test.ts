// A passkey's answer in words, against authenticator data laid out by hand after WebAuthn level 2, 6.1.
import { describe, expect, it } from 'vitest';
import type { Assertion } from '../../../gateway/contract/passkey.ts';
import { assertionWords } from '../../../hmi-web/model/assertion-words.ts';

const answer = (bytes: Uint8Array): Assertion => ({
  id: 'badge',
  rawId: 'badge',
  type: 'public-key',
  response: {
    clientDataJSON: 'e30',
    authenticatorData: Buffer.from(bytes).toString('base64url'),
    signature: 'AA',
  },
});
const data = (flags: number, uses: number): Uint8Array => {
  const bytes = new Uint8Array(37).fill(0xee, 0, 32);
  bytes[32] = flags;
  new DataView(bytes.buffer).setUint32(33, uses);
  return bytes;
};

describe('a passkey’s answer in words', () => {
  it.each([
    [0x05, 7, { present: true, verified: true, uses: 7 }],
    [0x01, 0, { present: true, verified: false, uses: 0 }],
    [0x1d, 4_000_000_000, { present: true, verified: true, uses: 4_000_000_000 }],
  ])('SIG-7, SIG-8: flags %i and counter %i', (flags, uses, words) => {
    expect(assertionWords(answer(data(flags, uses)))).toEqual({ credential: 'badge', ...words });
  });
  it('SIG-8: says nothing of what is no authenticator data', () => {
    expect(assertionWords(answer(new Uint8Array(36)))).toBeNull();
  });
});
