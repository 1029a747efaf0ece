// Floor: one argon2id verification with OWASP's parameters (19 MiB, t = 2, p = 1), as Node.js does it by itself.
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';

const parameters = { nonce: randomBytes(16), parallelism: 1, tagLength: 32, memory: 19_456, passes: 2 } as const;

function derive(password: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    argon2('argon2id', { ...parameters, message: Buffer.from(password) }, (error, tag) =>
      error === null ? resolve(tag) : reject(error),
    );
  });
}

/** A function that verifies one right password. */
export async function argon2Verify(): Promise<() => Promise<void>> {
  const stored = await derive('correct horse battery staple');
  return async () => {
    if (!timingSafeEqual(await derive('correct horse battery staple'), stored)) throw new Error('argon2id disagrees');
  };
}
