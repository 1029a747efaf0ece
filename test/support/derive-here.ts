// argon2id without worker threads, for tests that are about something else than those.
import { argon2 } from 'node:crypto';
import type { DeriveArgon2id } from '../../gateway/identity/password-hash.ts';

export const deriveHere: DeriveArgon2id = (input) =>
  new Promise((resolve, reject) => {
    argon2('argon2id', input, (error, tag) => (error === null ? resolve(tag) : reject(error)));
  });
