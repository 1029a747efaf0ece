// A passkey in software: an ES256 authenticator with user verification, resident credential and a counter, written from
// the WebAuthn Level 3 text alone. Tests bend every part of what it answers. Imports no gateway code.
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

export type PasskeyBend = {
  readonly challenge?: string;
  readonly origin?: string;
  readonly rpId?: string;
  readonly type?: string;
  /** False: its user was present and not verified. */
  readonly userVerified?: boolean;
  /** Instead of the next one. */
  readonly counter?: number;
  /** Names another credential, signed with this one's key. */
  readonly id?: string;
};

const sha256 = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest();

/** Base64url SHA-256 of a compact JWS's payload bytes: the challenge that the gateway expects. */
export const challengeOf = (jws: string): string =>
  sha256(Buffer.from(jws.split('.')[1] ?? '', 'base64url')).toString('base64url');

export class SoftwarePasskey {
  readonly id = randomBytes(16).toString('base64url');
  readonly origin: string;
  readonly #privateKey: KeyObject;
  readonly #cose: Buffer;
  /** 0 for ever where it does not count, as synchronised passkeys do. */
  counter = 0;
  counts: boolean;

  constructor(origin: string, counts = false) {
    this.origin = origin;
    this.counts = counts;
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#privateKey = privateKey;
    const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
    // COSE_Key: {1: 2 (EC2), 3: -7 (ES256), -1: 1 (P-256), -2: x, -3: y}
    this.#cose = Buffer.concat([
      Buffer.from('a5010203262001215820', 'hex'),
      Buffer.from(x, 'base64url'),
      Buffer.from('225820', 'hex'),
      Buffer.from(y, 'base64url'),
    ]);
  }

  /** RegistrationResponseJSON, attestation none. */
  register(challenge: string, bend: PasskeyBend = {}) {
    const authenticatorData = Buffer.concat([
      this.#data(bend, 0x40),
      Buffer.alloc(16),
      Buffer.from([0, Buffer.from(this.id, 'base64url').length]),
      Buffer.from(this.id, 'base64url'),
      this.#cose,
    ]);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(authenticatorData.length);
    const attestationObject = Buffer.concat([
      Buffer.from('a363666d74646e6f6e656761747453746d74a068617574684461746159', 'hex'),
      length,
      authenticatorData,
    ]);
    return {
      id: this.id,
      rawId: this.id,
      type: 'public-key' as const,
      clientExtensionResults: {},
      response: {
        clientDataJSON: this.#client('webauthn.create', challenge, bend).toString('base64url'),
        attestationObject: attestationObject.toString('base64url'),
        transports: ['internal'],
      },
    };
  }

  /** AuthenticationResponseJSON for the JWS. */
  assert(jws: string, bend: PasskeyBend = {}) {
    return this.answer(challengeOf(jws), bend);
  }

  /** AuthenticationResponseJSON for a challenge, without `clientExtensionResults`. */
  confirm(challenge: string, bend: PasskeyBend = {}) {
    const { clientExtensionResults: _none, ...answer } = this.answer(challenge, bend);
    return answer;
  }

  answer(challenge: string, bend: PasskeyBend = {}) {
    const client = this.#client('webauthn.get', challenge, bend);
    if (this.counts) this.counter += 1;
    const data = this.#data(bend, 0);
    const id = bend.id ?? this.id;
    return {
      id,
      rawId: id,
      type: 'public-key' as const,
      clientExtensionResults: {},
      response: {
        clientDataJSON: client.toString('base64url'),
        authenticatorData: data.toString('base64url'),
        signature: sign('sha256', Buffer.concat([data, sha256(client)]), this.#privateKey).toString('base64url'),
      },
    };
  }

  #client(type: string, challenge: string, bend: PasskeyBend): Buffer {
    return Buffer.from(
      JSON.stringify({
        type: bend.type ?? type,
        challenge: bend.challenge ?? challenge,
        origin: bend.origin ?? this.origin,
        crossOrigin: false,
      }),
    );
  }

  #data(bend: PasskeyBend, flags: number): Buffer {
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(bend.counter ?? this.counter);
    const present = flags | 0x01 | (bend.userVerified === false ? 0 : 0x04);
    return Buffer.concat([sha256(bend.rpId ?? new URL(this.origin).hostname), Buffer.from([present]), counter]);
  }
}
