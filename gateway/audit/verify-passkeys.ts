// Checks the passkeys' answers that signatures carry (SIG-7), from the log alone: against the public key of the record
// that the signature stands on, the signer's own, not removed, for exactly this JWS, the counter growing. Used by
// verify-signatures.ts, with the records in order.
import { z } from 'zod';
import { assertionSchema } from '../contract/passkey.ts';
import { assertionChallenge, checkAssertion } from '../signing/passkey-assertion.ts';
import type { ParsedRecord } from './parsed-record.ts';
import { parseTime } from './record.ts';

const passkeySchema = z.object({
  account: z.string(),
  publicKey: z.string(),
  rpId: z.string(),
  status: z.enum(['active', 'removed']),
  counter: z.int().nonnegative(),
});
/** `from`: since when, µs. */
type Passkey = z.infer<typeof passkeySchema> & { readonly id: string; readonly seq: number; readonly from: number };

/** A use is counted, then the signature is appended: what came in between is newer, and not what it stands on. */
const underWayUs = 60_000_000;

const standsOnSchema = z.object({ standsOn: z.object({ passkey: z.int() }) });
const policySchema = z.object({ components: z.enum(['password-and-passkey', 'passkey']) });
const signedKinds: ReadonlySet<string> = new Set(['command.signed', 'command.countersigned', 'command.declined']);

export class PasskeyWalk {
  /** Each with those that it replaced in the last minute, newest last. */
  readonly #passkeys = new Map<string, readonly Passkey[]>();
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
    const known = this.#passkeys.get(id) ?? [];
    const former = known.at(-1);
    if (!parsed.success) return 'it does not say which passkey';
    if ((former === undefined) !== (record.kind === 'passkey.registered'))
      return 'it does not follow on its passkey’s records';
    if (former !== undefined && (former.publicKey !== parsed.data.publicKey || former.account !== parsed.data.account))
      return 'its passkey is another one than was registered';
    if (record.kind === 'passkey.used' && !(parsed.data.counter > (former?.counter ?? 0)))
      return 'its passkey’s counter did not grow';
    const from = parseTime(record.time);
    const underWay = known.filter((_, index) => from - (known[index + 1]?.from ?? from) <= underWayUs);
    this.#passkeys.set(id, [...underWay, { ...parsed.data, id, seq: record.seq, from }]);
    return null;
  }

  async #check(record: ParsedRecord, jws: string, given: unknown): Promise<string | null> {
    const assertion = assertionSchema.safeParse(given);
    if (!assertion.success) return 'its passkey’s answer cannot be read';
    const known = this.#passkeys.get(assertion.data.id);
    if (known === undefined) return 'its passkey was not registered at that time';
    const named = standsOnSchema.safeParse(record.detail).data?.standsOn.passkey;
    const at = known.findIndex(({ seq }) => seq === named);
    const [passkey, next] = [known[at], known[at + 1]];
    if (passkey === undefined || (next !== undefined && parseTime(record.time) - next.from > underWayUs))
      return 'it does not name the record that its passkey stands on';
    if (passkey.status !== 'active') return 'its passkey was not registered at that time';
    if (passkey.account !== record.actor?.id) return 'its passkey is another person’s';
    const checked = await checkAssertion(assertion.data, assertionChallenge(jws), passkey, null);
    if (!checked.ok) return `its passkey’s answer does not stand: ${checked.detail}`;
    // Counted before the signature was taken: `passkey.used` holds the answer's own counter, and none is written for 0.
    return checked.counter === passkey.counter ? null : 'its passkey’s counter is not the one on record';
  }
}
