// What is checked of each record beyond the tree (AUD-5): its signature, the standing of signer and terminal, the chain of
// its command. One walk over the records in order, the same for the database, a bundle and the background check.
// Pure; `take` answers at once where nothing has to be waited for.
import { canonicalJson, type Json } from '../contract/canonical.ts';
import { statementType } from '../contract/statement.ts';
import { userIdOf } from '../identity/user-name.ts';
import { checkTerminalSignature } from '../signing/stored-signature.ts';
import type { ParsedRecord } from './parsed-record.ts';
import { mustBeSigned } from './signed-kinds.ts';
import { commandChecker } from './verify-commands.ts';
import { PasskeyWalk } from './verify-passkeys.ts';
import { differenceToSigned, TerminalKeys } from './verify-signatures.ts';
import { StandingWalk } from './verify-standing.ts';

export type RecordCounts = {
  /** Signatures whose JWS was checked, and of them those that name the signature before them. */
  readonly signatures: number;
  readonly countersignatures: number;
  /** Signatures answered by the signer's passkey; all others rest on a password, which only the gateway has checked. */
  readonly assertions: number;
};

export class RecordChecks {
  readonly #keys = new TerminalKeys();
  readonly #passkeys = new PasskeyWalk();
  readonly #standing = new StandingWalk();
  readonly #checkCommand = commandChecker();
  #signatures = 0;
  #countersignatures = 0;
  #assertions = 0;

  get counts(): RecordCounts {
    return {
      signatures: this.#signatures,
      countersignatures: this.#countersignatures,
      assertions: this.#assertions,
    };
  }

  /** Why the record does not stand; null where it does. */
  take(record: ParsedRecord): string | null | Promise<string | null> {
    this.#keys.learn(record);
    const why = this.#checkSignature(record) ?? this.#standing.take(record) ?? this.#checkCommand(record);
    if (why !== null) return why;
    const answered = this.#passkeys.take(record);
    if (!(answered instanceof Promise)) return answered;
    return answered.then((refused) => {
      if (refused === null) this.#assertions += 1;
      return refused;
    });
  }

  #checkSignature(record: ParsedRecord): string | null {
    if (record.signature === undefined) return mustBeSigned(record.kind) ? 'its signature is missing' : null;
    const key = this.#keys.of(record.terminal?.id ?? '');
    if (key === undefined) return 'its signature names a terminal that no record before it enrolled';
    const checked = checkTerminalSignature(record.signature.jws, key);
    if (!checked.ok) return `its signature does not stand: ${checked.why}`;
    const { payload, type } = checked;
    if (typeof payload.signer !== 'string' || userIdOf(payload.signer) !== record.actor?.id)
      return 'its signature names another person';
    const differs =
      differenceToSigned(record, payload) ?? (type === statementType ? this.#configuration(record, payload) : null);
    if (differs !== null) return differs;
    this.#signatures += 1;
    if (payload.countersigns !== undefined) this.#countersignatures += 1;
    return null;
  }

  #configuration(record: ParsedRecord, payload: { readonly [name: string]: Json | undefined }): string | null {
    const named = payload.configuration as { readonly seq?: Json; readonly digest?: Json } | undefined;
    const { configuration } = (record.detail?.standsOn ?? {}) as { readonly configuration?: unknown };
    if (configuration !== named?.seq) return 'it does not stand on the configuration that was signed';
    const digest = typeof named?.seq === 'number' ? this.#standing.configurationDigest(named.seq) : undefined;
    return digest !== undefined && canonicalJson(named?.digest ?? null) === canonicalJson(digest)
      ? null
      : 'the configuration that it was signed under is not the one on record';
  }
}
