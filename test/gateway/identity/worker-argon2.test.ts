// Password derivation in worker threads: the same tags as Node.js gives by itself, in whatever order they are asked for.
import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import type { Argon2Input } from '../../../gateway/identity/password-hash.ts';
import { type Argon2Workers, openArgon2Workers } from '../../../gateway/identity/worker-argon2.ts';
import { deriveHere } from '../../support/derive-here.ts';

let workers: Argon2Workers | undefined;
afterEach(() => workers?.close());

const input = (change: Partial<Argon2Input> = {}): Argon2Input => ({
  message: randomBytes(12),
  nonce: randomBytes(16),
  parallelism: 1,
  tagLength: 32,
  memory: 64,
  passes: 2,
  secret: randomBytes(32),
  associatedData: Buffer.from('ada'),
  ...change,
});

describe('argon2id in worker threads', () => {
  test('IDN-2: more than there are threads are each answered with their own tag', async () => {
    workers = openArgon2Workers(2);
    const { derive } = workers;
    const inputs = Array.from({ length: 9 }, () => input());
    const tags = await Promise.all(inputs.map((one) => derive(one)));
    const expected = await Promise.all(inputs.map((one) => deriveHere(one)));
    expect(tags.map((tag) => Buffer.from(tag).toString('hex'))).toEqual(
      expected.map((tag) => Buffer.from(tag).toString('hex')),
    );
  });

  test('IDN-2: what cannot be derived is refused, and the thread goes on', async () => {
    workers = openArgon2Workers(1);
    const { derive } = workers;
    await expect(derive(input({ nonce: new Uint8Array(1) }))).rejects.toThrow('argon2id failed');
    const next = input();
    expect(Buffer.from(await derive(next))).toEqual(Buffer.from(await deriveHere(next)));
  });

  test('IDN-2: after a stop nothing is derived, and what waits is refused', async () => {
    workers = openArgon2Workers(1);
    const { derive, close } = workers;
    const waiting = [derive(input({ memory: 19_456 })), derive(input()), derive(input())];
    const settled = Promise.allSettled(waiting);
    await close();
    const states = (await settled).map(({ status }) => status);
    expect(states.slice(1)).toEqual(['rejected', 'rejected']);
    await expect(derive(input())).rejects.toThrow('stopping');
  });
});
