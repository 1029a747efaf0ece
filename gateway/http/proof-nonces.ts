// Nonces for DPoP proofs (RFC 9449 §8) and the memory of used proof ids (§11.1). Used by guard.ts alone.
// Nonces are stateless (HMAC over their time of issue); a restart makes a new key, so old nonces die with the process.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Now } from '../identity/ports.ts';

/** A nonce is good for this long; a client gets a fresh one with every answer. */
export const nonceLifeMs = 3 * 60_000;

/** Proof ids remembered per key within two nonce lives; beyond it proofs are refused until a life has passed. */
const maxIdsPerKey = 50_000;
/** Keys whose proof ids are remembered at a time; beyond it proofs of further keys are refused. */
const maxKeys = 2_000;

const timeBytes = 6;
const randomPart = 10;
const macBytes = 16;

export type ProofNonces = {
  issue(): string;
  /** True for a nonce of this process that is not older than `nonceLifeMs`. */
  isFresh(nonce: string): boolean;
  /** Takes a proof's id once: `used` when it was taken within its nonce's life, `full` beyond the bounds above. */
  takeId(keyId: string, proofId: string): 'taken' | 'used' | 'full';
};

/** `now` must not go backwards (monotonic clock, ms). */
export function createProofNonces(now: Now): ProofNonces {
  const key = randomBytes(32);
  // Two generations, each as long as a nonce's life: what leaves the older one had a nonce that is stale by now.
  let current = new Map<string, Set<string>>();
  let previous = new Map<string, Set<string>>();
  let turnedAt = now();

  const mac = (body: Buffer): Buffer => createHmac('sha256', key).update(body).digest().subarray(0, macBytes);

  return {
    issue() {
      const body = Buffer.alloc(timeBytes + randomPart);
      body.writeUIntBE(Math.floor(now()), 0, timeBytes);
      randomBytes(randomPart).copy(body, timeBytes);
      return Buffer.concat([body, mac(body)]).toString('base64url');
    },
    isFresh(nonce) {
      const bytes = Buffer.from(nonce, 'base64url');
      if (bytes.length !== timeBytes + randomPart + macBytes || bytes.toString('base64url') !== nonce) return false;
      const body = bytes.subarray(0, timeBytes + randomPart);
      if (!timingSafeEqual(bytes.subarray(timeBytes + randomPart), mac(body))) return false;
      const age = now() - body.readUIntBE(0, timeBytes);
      return age >= -1 && age <= nonceLifeMs;
    },
    takeId(keyId, proofId) {
      const elapsed = now() - turnedAt;
      if (elapsed >= nonceLifeMs) {
        previous = elapsed >= 2 * nonceLifeMs ? new Map() : current;
        current = new Map();
        turnedAt = now();
      }
      if (previous.get(keyId)?.has(proofId) === true) return 'used';
      let ids = current.get(keyId);
      if (ids === undefined) {
        if (current.size >= maxKeys) return 'full';
        ids = new Set();
        current.set(keyId, ids);
      }
      if (ids.has(proofId)) return 'used';
      if (ids.size >= maxIdsPerKey) return 'full';
      ids.add(proofId);
      return 'taken';
    },
  };
}
