// Public keys made ready once: remembered by what they are, and never what is no key.
import { generateKeyPairSync } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import { expect, test } from 'vitest';
import { publicKeySchema } from '../../../gateway/contract/session.ts';
import { importedKey } from '../../../gateway/identity/imported-key.ts';

const newKey = () =>
  publicKeySchema.parse(
    (({ kty, crv, x, y }) => ({ kty, crv, x, y }))(
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }),
    ),
  );

test('TRM-1: a key has its RFC 7638 thumbprint, and is imported once', async () => {
  const [key, other] = [newKey(), newKey()];
  const imported = importedKey(key);
  expect(imported?.thumbprint).toBe(await calculateJwkThumbprint({ ...key }));
  expect(importedKey({ ...key })).toBe(imported);
  expect(importedKey(other)?.thumbprint).not.toBe(imported?.thumbprint);
});

test('TRM-1: coordinates that are no point of the curve are no key', () => {
  const key = newKey();
  expect(importedKey({ ...key, x: key.y, y: key.x })).toBeNull();
});
