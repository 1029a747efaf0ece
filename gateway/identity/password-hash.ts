// Password hashes (IDN-2): argon2id with OWASP's parameters, a secret kept outside the database (the pepper) and the
// user id as associated data, so that a hash copied to another account or another installation is worth nothing.
// Used by person-check.ts and accounts; it knows no account and records nothing. The derivation itself takes some 10 ms
// of a processor and is given to it: worker-argon2.ts in the gateway.
import { createHash, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import type { UserId } from '../contract/ids.ts';

/** OWASP Password Storage Cheat Sheet: 19 MiB, two passes, one lane. */
const memoryKiB = 19_456;
const passes = 2;
const lanes = 1;
const saltBytes = 16;
const tagBytes = 32;
/** Longest password in UTF-8 bytes after normalisation: more is refused before it is hashed. */
const maxPasswordBytes = 4_096;

/** argon2id's inputs (RFC 9106), as node:crypto names them. */
export type Argon2Input = {
  readonly message: Uint8Array;
  readonly nonce: Uint8Array;
  readonly parallelism: number;
  readonly tagLength: number;
  /** KiB. */
  readonly memory: number;
  readonly passes: number;
  readonly secret: Uint8Array;
  readonly associatedData: Uint8Array;
};
/** The tag. Rejects where it cannot be derived: then nobody is let in. */
export type DeriveArgon2id = (input: Argon2Input) => Promise<Uint8Array>;

export type PasswordHasher = {
  /** PHC string. Null when too many are waiting. */
  hash(userId: UserId, password: string): Promise<string | null>;
  /**
   * Whether the password made the hash, in constant work; `busy` when too many are waiting. A null hash (no such
   * account) costs the same and never matches.
   */
  verify(userId: UserId | null, password: string, phc: string | null): Promise<boolean | 'busy'>;
  /** HMAC of a name that no account has: recorded in its place, since it is often a password (interfaces.md). */
  nameDigest(typed: string): string;
};

/**
 * `pepper`: 32 bytes from a file outside the database. At most `atOnce` hashes run side by side (each takes 19 MiB and
 * one thread); `maxWaiting` more may wait, those beyond are turned away.
 */
export function createPasswordHasher(
  pepper: Uint8Array,
  limits: { atOnce: number; maxWaiting: number },
  deriveArgon2id: DeriveArgon2id,
): PasswordHasher {
  if (pepper.length < 32) throw new RangeError('the password secret must have at least 32 bytes');
  const keyId = createHash('sha256').update('password-key').update(pepper).digest('base64url').slice(0, 8);
  const nameKey = Buffer.from(hkdfSync('sha256', pepper, Buffer.alloc(0), 'unknown user names', 32));
  const takeTurn = createTurns(limits);
  const dummySalt = createHash('sha256').update(pepper).update('nobody').digest().subarray(0, saltBytes);

  const derive = (userId: UserId | null, password: string, salt: Uint8Array): Promise<Uint8Array> =>
    deriveArgon2id({
      message: Buffer.from(password.normalize('NFKC'), 'utf8').subarray(0, maxPasswordBytes),
      nonce: salt,
      parallelism: lanes,
      tagLength: tagBytes,
      memory: memoryKiB,
      passes,
      secret: pepper,
      associatedData: Buffer.from(userId ?? '', 'utf8'),
    });

  return {
    async hash(userId, password) {
      const salt = randomBytes(saltBytes);
      const tag = await takeTurn(() => derive(userId, password, salt));
      return tag === null ? null : write(keyId, salt, tag);
    },
    async verify(userId, password, phc) {
      const stored = phc === null ? null : read(phc);
      const usable = stored !== null && stored.keyId === keyId;
      const salt = usable ? stored.salt : dummySalt;
      const tag = await takeTurn(() => derive(userId, password, salt));
      if (tag === null) return 'busy';
      return usable && timingSafeEqual(tag, stored.tag);
    },
    nameDigest(typed) {
      return createHmac('sha256', nameKey).update(typed.normalize('NFKC').trim().toLowerCase()).digest('base64url');
    },
  };
}

/** Runs what it is given, `atOnce` side by side, in order of arrival. Null when `maxWaiting` wait already. */
function createTurns(limits: { atOnce: number; maxWaiting: number }): <T>(work: () => Promise<T>) => Promise<T | null> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= limits.atOnce) {
      if (waiting.length >= limits.maxWaiting) return null;
      // The one that leaves hands its place over: `running` stays as it is.
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}

function write(keyId: string, salt: Uint8Array, tag: Uint8Array): string {
  return `$argon2id$v=19$m=${memoryKiB},t=${passes},p=${lanes},keyid=${keyId}$${base64(salt)}$${base64(tag)}`;
}

const phcPattern = new RegExp(
  `^\\$argon2id\\$v=19\\$m=${memoryKiB},t=${passes},p=${lanes},keyid=([A-Za-z0-9_-]{8})\\$([A-Za-z0-9+/]{22})\\$([A-Za-z0-9+/]{43})$`,
);

/** Null for other parameters than ours: nothing weaker is ever honoured. */
function read(phc: string): { keyId: string; salt: Uint8Array; tag: Uint8Array } | null {
  const [, keyId, salt, tag] = phcPattern.exec(phc) ?? [];
  if (keyId === undefined || salt === undefined || tag === undefined) return null;
  return { keyId, salt: Buffer.from(salt, 'base64'), tag: Buffer.from(tag, 'base64') };
}

/** PHC's base64: standard alphabet, no padding. */
function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '');
}
