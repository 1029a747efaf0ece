// This terminal's identity (TRM-1): an ECDSA P-256 pair made in this browser, kept in IndexedDB, its private half
// non-extractable. Called once at start. Never exports the private key and never replaces a key that is there.
import type { TerminalId } from '../../gateway/contract/ids.ts';
import type { PublicKey } from '../../gateway/contract/session.ts';
import { sha256Base64url, utf8 } from './encoding.ts';

export type TerminalKey = {
  /** RFC 7638 thumbprint of the public key. */
  readonly id: TerminalId;
  readonly publicKey: PublicKey;
  /** Made just now: no gateway can know it yet. */
  readonly isNew: boolean;
  /** ES256 signature, 64 bytes (r ‖ s), as JWS wants it. */
  readonly sign: (bytes: Uint8Array<ArrayBuffer>) => Promise<Uint8Array>;
};

const databaseName = 'countersign';
const storeName = 'keys';
const keyName = 'terminal';
const curve = { name: 'ECDSA', namedCurve: 'P-256' } as const;

/**
 * The key that this browser has, or a new one. Throws when the page is not in a secure context (https or localhost)
 * or the browser forbids storage: then the terminal cannot have an identity and nobody can sign in here.
 */
export async function loadTerminalKey(): Promise<TerminalKey> {
  if (globalThis.crypto?.subtle === undefined) throw new Error('insecure-context');
  const database = await openDatabase();
  try {
    const stored = await readPair(database);
    if (stored !== undefined) return await describe(stored, false);
    const fresh = await crypto.subtle.generateKey(curve, false, ['sign', 'verify']);
    const kept = await keepFirst(database, fresh);
    return await describe(kept, kept === fresh);
  } finally {
    database.close();
  }
}

async function describe(pair: CryptoKeyPair, isNew: boolean): Promise<TerminalKey> {
  const jwk = await crypto.subtle.exportKey('jwk', pair.publicKey);
  if (jwk.x === undefined || jwk.y === undefined) throw new Error('terminal key is not a P-256 key');
  const publicKey: PublicKey = { kty: 'EC', crv: 'P-256', x: jwk.x, y: jwk.y };
  // RFC 7638 §3.2: the required members only, in lexicographic order, without white space.
  const canonical = JSON.stringify({ crv: publicKey.crv, kty: publicKey.kty, x: publicKey.x, y: publicKey.y });
  const id = (await sha256Base64url(utf8(canonical))) as TerminalId;
  return {
    id,
    publicKey,
    isNew,
    sign: async (bytes) =>
      new Uint8Array(await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, pair.privateKey, bytes)),
  };
}

function openDatabase(): Promise<IDBDatabase> {
  const opening = indexedDB.open(databaseName, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(storeName);
  return settled(opening);
}

async function readPair(database: IDBDatabase): Promise<CryptoKeyPair | undefined> {
  const stored: unknown = await settled(database.transaction(storeName).objectStore(storeName).get(keyName));
  return stored as CryptoKeyPair | undefined;
}

/** Two tabs may open at once: within one transaction the first key stays, and both tabs use it. */
async function keepFirst(database: IDBDatabase, fresh: CryptoKeyPair): Promise<CryptoKeyPair> {
  const store = database.transaction(storeName, 'readwrite').objectStore(storeName);
  const there: unknown = await settled(store.get(keyName));
  if (there !== undefined) return there as CryptoKeyPair;
  await settled(store.put(fresh, keyName));
  return fresh;
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('browser storage failed'));
  });
}
