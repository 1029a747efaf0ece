// The pure rules of the identity room: names, passwords, networks, lockout, nonces of proofs.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TerminalId, UserId } from '../../../gateway/contract/ids.ts';
import { createProofNonces, nonceLifeMs } from '../../../gateway/http/proof-nonces.ts';
import { Lockout } from '../../../gateway/identity/lockout.ts';
import { addressWithin, isNetwork } from '../../../gateway/identity/networks.ts';
import { createPasswordHasher } from '../../../gateway/identity/password-hash.ts';
import { refuseWeakPassword } from '../../../gateway/identity/password-strength.ts';
import { userIdOf } from '../../../gateway/identity/user-name.ts';
import { deriveHere } from '../../support/derive-here.ts';

const ada = 'ada' as UserId;
const limits = { atOnce: 2, maxWaiting: 50 };
const pepper = (byte: number) => new Uint8Array(32).fill(byte);

describe('user names', () => {
  test('IDN-1: spellings of one name are one person', () => {
    for (const typed of ['ada', 'ADA', '  Ada\t', 'ａｄａ']) expect(userIdOf(typed)).toBe('ada');
    for (const typed of ['', 'a da', '../ada', 'ada\0', 'аdа', 'x'.repeat(65), '-ada'])
      expect(userIdOf(typed)).toBeNull();
  });

  test('IDN-1: normalising twice changes nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (typed) => {
        const id = userIdOf(typed);
        if (id !== null) expect(userIdOf(id)).toBe(id);
      }),
    );
  });
});

describe('password hashes', () => {
  test('IDN-2: a hash opens with its password, for its account, with this installation’s secret only', async () => {
    const hasher = createPasswordHasher(pepper(1), limits, deriveHere);
    const phc = await hasher.hash(ada, 'pass phrase é');
    expect(phc).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1,keyid=[\w-]{8}\$[\w+/]{22}\$[\w+/]{43}$/);
    expect(await hasher.hash(ada, 'pass phrase é')).not.toBe(phc);
    expect(await hasher.verify(ada, 'pass phrase é', phc)).toBe(true);
    expect(await hasher.verify(ada, 'pass phrase e\u0301', phc)).toBe(true);
    expect(await hasher.verify(ada, 'pass phrase e', phc)).toBe(false);
    expect(await hasher.verify('bob' as UserId, 'pass phrase é', phc)).toBe(false);
    expect(await createPasswordHasher(pepper(2), limits, deriveHere).verify(ada, 'pass phrase é', phc)).toBe(false);
    expect(await hasher.verify(ada, 'pass phrase é', null)).toBe(false);
  });

  test('IDN-2: a hash with weaker parameters is never honoured', async () => {
    const hasher = createPasswordHasher(pepper(1), limits, deriveHere);
    const phc = (await hasher.hash(ada, 'pass phrase')) ?? '';
    expect(await hasher.verify(ada, 'pass phrase', phc.replace('m=19456', 'm=1024'))).toBe(false);
    expect(await hasher.verify(ada, 'pass phrase', phc.replace('argon2id', 'argon2i'))).toBe(false);
  });

  test('IDN-2: beyond the queue the answer is busy', async () => {
    const hasher = createPasswordHasher(pepper(1), { atOnce: 1, maxWaiting: 1 }, deriveHere);
    const answers = await Promise.all(Array.from({ length: 4 }, () => hasher.verify(ada, 'x', null)));
    expect(answers.filter((answer) => answer === 'busy')).toHaveLength(2);
    expect(await hasher.verify(ada, 'x', null)).toBe(false);
  });
});

describe('password strength', () => {
  const refusal = async (password: string) =>
    (await refuseWeakPassword(password, { id: 'operator' as UserId, printedName: 'Olivia Brandt' }, 12))?.code ??
    'taken';
  test('IDN-2: short, guessable and personal passwords are not taken', async () => {
    for (const weak of [
      'short one',
      'passwordpassword',
      'aaaaaaaaaaaaaaaa',
      'qwertyuiop123',
      'my operator words',
      'OliviaBrandt1',
    ])
      expect([weak, await refusal(weak)]).toEqual([weak, 'password-too-weak']);
    expect(await refusal('seven green herons wade')).toBe('taken');
    expect(await refusal('x'.repeat(1_025))).toBe('password-too-weak');
  });
});

describe('lockout', () => {
  const here = 'here' as TerminalId;
  test('IDN-3: at a terminal after five, everywhere after fifteen; a success clears its own terminal only', () => {
    const lockout = new Lockout({ atTerminalAfter: 5, everywhereAfter: 15 });
    const fail = (terminal: string, times: number) =>
      Array.from({ length: times }, () => lockout.failed(ada, terminal as TerminalId)).at(-1);
    expect(fail('here', 4)).toBe('none');
    lockout.succeeded(ada, here);
    expect(fail('here', 4)).toBe('none');
    expect(fail('here', 1)).toBe('at-terminal');
    expect(fail('there', 5)).toBe('at-terminal');
    lockout.succeeded(ada, 'elsewhere' as TerminalId);
    expect(fail('yonder', 5)).toBe('everywhere');
    lockout.forget(ada);
    expect(fail('here', 1)).toBe('none');
  });
});

describe('networks', () => {
  test('TRM-3: addresses are in their blocks and in no other', () => {
    expect(addressWithin(['10.1.0.0/16'], '10.1.200.3')).toBe(true);
    expect(addressWithin(['10.1.0.0/16'], '10.2.0.1')).toBe(false);
    expect(addressWithin(['10.1.0.0/16'], '::ffff:10.1.0.9')).toBe(true);
    expect(addressWithin(['fd00::/8'], 'fd12::1')).toBe(true);
    expect(addressWithin(['fd00::/8'], '10.1.0.1')).toBe(false);
    expect(addressWithin(['192.0.2.7'], '192.0.2.7')).toBe(true);
    expect(addressWithin([], '127.0.0.1')).toBe(false);
    expect(addressWithin(['0.0.0.0/0', '::/0'], 'unknown')).toBe(false);
    expect(addressWithin(['nonsense', '10.0.0.0/99'], '10.0.0.1')).toBe(false);
    expect(['10.0.0.0/8', '::1', '10.0.0.0/33', '10.0.0/8', '10.0.0.0/08', '10.0.0.0/8/8', ''].map(isNetwork)).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
      false,
    ]);
  });
});

describe('nonces of proofs', () => {
  test('TRM-2: a nonce lives its time; another process’s, an altered and a future one are stale', () => {
    let now = 1_000;
    const nonces = createProofNonces(() => now);
    const nonce = nonces.issue();
    expect(nonces.isFresh(nonce)).toBe(true);
    expect(createProofNonces(() => now).isFresh(nonce)).toBe(false);
    expect(nonces.isFresh(`${nonce.slice(0, -2)}AA`)).toBe(false);
    now += nonceLifeMs;
    expect(nonces.isFresh(nonce)).toBe(true);
    now += 1;
    expect(nonces.isFresh(nonce)).toBe(false);
  });

  test('TRM-2: no proof id is taken twice while its nonce could still be fresh', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(nonceLifeMs), { maxLength: 12 }), (steps) => {
        let now = 0;
        const nonces = createProofNonces(() => now);
        const nonce = nonces.issue();
        expect(nonces.takeId('key', 'id')).toBe('taken');
        expect(nonces.takeId('another key', 'id')).toBe('taken');
        for (const step of steps) {
          now += step;
          if (nonces.isFresh(nonce)) expect(nonces.takeId('key', 'id')).toBe('used');
          else break;
        }
      }),
    );
  });

  test('TRM-2: what one key may have remembered is bounded; beyond it proofs are refused, not forgotten', () => {
    const nonces = createProofNonces(() => 0);
    for (let id = 0; id < 50_000; id++) nonces.takeId('key', String(id));
    expect(nonces.takeId('key', 'one more')).toBe('full');
    expect(nonces.takeId('key', '0')).toBe('used');
    expect(nonces.takeId('another', '0')).toBe('taken');
  });
});
