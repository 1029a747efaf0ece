// Checks the passkeys' answers that signatures carry (SIG-7), from the log alone: against the public key of the record
// that the signature stands on, the signer's own, not removed, for exactly this JWS, the counter growing. Used by
// verify-signatures.ts, with the records in order.
import { z } from 'zod';
import { assertionSchema } from '../contract/passkey.ts';
import { assertionChallenge, checkAssertion, counterGrew } from '../signing/passkey-assertion.ts';
import type { ParsedRecord } from './verify.ts';

const passkeySchema = z.object({
  account: z.string(),
  publicKey: z.string(),
  rpId: z.string(),
  status: z.enum(['active', 'removed']),
  counter: z.int().nonnegative(),
});
type Passkey = z.infer<typeof passkeySchema> & { readonly id: string; readonly seq: number; readonly used: number };

const standsOnSchema = z.object({ standsOn: z.object({ passkey: z.int() }) });
const policySchema = z.object({ components: z.enum(['password-and-passkey', 'passkey']) });
const signedKinds: ReadonlySet<string> = new Set(['command.signed', 'command.countersigned', 'command.declined']);

export class PasskeyWalk {
  readonly #passkeys = new Map<string, Passkey>();
  /** Commands asked under a policy that wants a passkey; one entry each. */
  readonly #needing = new Set<string>();

  /** Why the record's passkey part does not stand; null where it does or there is none. */
  take(record: ParsedRecord): string | null | Promise<string | null> {
    const learnt = this.#learn(record);
    if (learnt !== null) return learnt;
    if (record.signature === undefined) return null;
    if (record.signature.assertion === undefined)
      return signedKinds.has(record.kind) && this.#needing.has(record.command ?? '')
        ? 'its signature has no passkey’s answer, and the tag’s policy asked for one'
        : null;
    return this.#check(record, record.signature.jws, record.signature.assertion);
  }

  #learn(record: ParsedRecord): string | null {
    if (record.kind === 'command.asked' && policySchema.safeParse(record.detail).success)
      this.#needing.add(record.command ?? '');
    if (!/^passkey\.(registered|used|removed)$/.test(record.kind)) return null;
    const id = record.subject.replace(/^passkey:/, '');
    const parsed = passkeySchema.safeParse(record.new);
    const former = this.#passkeys.get(id);
    if (!parsed.success) return 'it does not say which passkey';
    if ((former === undefined) !== (record.kind === 'passkey.registered'))
      return 'it does not follow on its passkey’s records';
    if (former !== undefined && (former.publicKey !== parsed.data.publicKey || former.account !== parsed.data.account))
      return 'its passkey is another one than was registered';
    this.#passkeys.set(id, { ...parsed.data, id, seq: record.seq, used: former?.used ?? 0 });
    return null;
  }

  async #check(record: ParsedRecord, jws: string, given: unknown): Promise<string | null> {
    const assertion = assertionSchema.safeParse(given);
    if (!assertion.success) return 'its passkey’s answer cannot be read';
    const passkey = this.#passkeys.get(assertion.data.id);
    if (passkey === undefined || passkey.status !== 'active') return 'its passkey was not registered at that time';
    if (standsOnSchema.safeParse(record.detail).data?.standsOn.passkey !== passkey.seq)
      return 'it does not name the record that its passkey stands on';
    if (passkey.account !== record.actor?.id) return 'its passkey is another person’s';
    const checked = await checkAssertion(assertion.data, assertionChallenge(jws), passkey, null);
    if (!checked.ok) return `its passkey’s answer does not stand: ${checked.detail}`;
    if (!counterGrew(passkey.used, checked.counter)) return 'its passkey’s counter did not grow';
    this.#passkeys.set(passkey.id, { ...passkey, used: checked.counter });
    return null;
  }
}
