// The keys that signed a log, one after the other, as its own records tell them (AUD-3, OPS-6): `log.opened` names the
// first, `log.key-rotated` hands over to the next under a checkpoint that both signed. Trust in one of them, given from
// outside, carries over along that chain. Pure; used by every verifier that walks a log from its first record.
import { type OpenedCheckpoint, openCheckpoint, readCheckpoint } from './checkpoint.ts';
import { formatVkey, isSignedBy, type NoteVerifier, openNote, parseVkey, splitNote } from './signed-note.ts';

/** What of a record matters here. */
export type KeyRecord = {
  readonly seq: number;
  readonly kind: string;
  readonly old?: unknown;
  readonly new?: unknown;
  readonly chain?: { readonly commit: number } | undefined;
  readonly detail?: { readonly [name: string]: unknown } | undefined;
};

/** Where the log was opened anew under another origin, since records were lost (OPS-6). */
export type Reopening = {
  /** Number of the first record under the new origin. */
  readonly seq: number;
  readonly origin: string;
  /** How many records the log is known to have had; those from `seq` on are lost. Null where that is not known. */
  readonly knownSize: number | null;
};

type Held = {
  readonly key: NoteVerifier;
  readonly since: number;
  /** Whether the key before it signed the handing over. */
  readonly bridged: boolean;
};
type Pending = { readonly key: NoteVerifier; readonly seq: number; readonly how: 'opened' | 'rotated' | 'reopened' };

export class LogKeys {
  readonly #trusted: NoteVerifier | null;
  readonly #held: Held[] = [];
  #pending: Pending | null = null;
  readonly reopenings: Reopening[] = [];

  /** `trusted`: the key given or pinned; null where nobody is trusted. */
  constructor(trusted: NoteVerifier | null) {
    this.#trusted = trusted;
  }

  /** The key that signs from the next checkpoint on; null before the first record named one. */
  get current(): NoteVerifier | null {
    return this.#pending?.key ?? this.#held.at(-1)?.key ?? null;
  }

  /** Takes every record in order; says why one that names a key does not stand, or null. */
  take(record: KeyRecord): string | null {
    if (record.kind === 'log.opened') return this.#takeOpened(record);
    if (record.kind === 'log.key-rotated' && record.seq > 0) return this.#takeRotated(record);
    return this.takePlain(record.seq, record.chain?.commit);
  }

  /** The same for a record of another kind than those, of which no more matters than its number and its commit. */
  takePlain(seq: number, commit: number | undefined): string | null {
    if (seq === 0) return 'it is not the opening of a log';
    return this.#pending !== null && this.#pending.how !== 'opened' && commit === this.#pending.seq
      ? 'it shares the commit in which the log’s key changed'
      : null;
  }

  #takeOpened(record: KeyRecord): string | null {
    const key = vkeyIn(record.detail?.vkey);
    if (key === null) return 'it does not name the key that the log was opened with';
    if (record.seq === 0) {
      this.#pending = { key, seq: 0, how: 'opened' };
      return null;
    }
    if (record.chain?.commit !== record.seq) return 'it is not the first record of its commit';
    this.#pending = { key, seq: record.seq, how: 'reopened' };
    this.reopenings.push({ seq: record.seq, origin: key.name, knownSize: knownSizeIn(record.detail?.continues) });
    return null;
  }

  #takeRotated(record: KeyRecord): string | null {
    const before = this.#held.at(-1)?.key;
    const key = vkeyIn(record.new);
    if (key === null || before === undefined || record.old !== formatVkey(before))
      return 'it does not name the log’s key before it and the one that follows';
    if (key.name !== before.name) return 'it names a key of another log';
    if (record.chain?.commit !== record.seq) return 'it is not the first record of its commit';
    this.#pending = { key, seq: record.seq, how: 'rotated' };
    return null;
  }

  /** Opens the checkpoint that ends a commit, by the key whose turn it is; a change of keys is settled by it. */
  open(note: string): OpenedCheckpoint {
    const pending = this.#pending;
    const former = this.#held.at(-1)?.key ?? null;
    const key = pending?.key ?? former ?? this.#trusted;
    if (key === null) {
      const checkpoint = readCheckpoint(note);
      return checkpoint === null ? { ok: false, why: 'it is not a checkpoint' } : { ok: true, checkpoint };
    }
    const opened = openCheckpoint(note, key);
    if (!opened.ok) return opened;
    const bridged = pending !== null && former !== null && openNote(note, former).ok;
    if (pending?.how === 'rotated' && !bridged)
      return { ok: false, why: 'the key before it did not sign the handing over' };
    const split = splitNote(note);
    if (typeof split === 'string') return { ok: false, why: split };
    const signers = bridged && former !== null ? [key, former] : [key];
    if (
      split.signatures.length !== signers.length ||
      !split.signatures.every((line) => signers.some((one) => isSignedBy(line, one)))
    )
      return { ok: false, why: 'it was changed: it has lines that the log did not write' };
    if (pending !== null) this.#held.push({ key, since: pending.seq, bridged });
    this.#pending = null;
    return opened;
  }

  /**
   * At the end of the log: why the trusted key does not vouch for all of it, and from which record on; null where it does,
   * or where none is given. A key vouches for all records before its checkpoints, and by a handing over for those after.
   */
  unvouched(): { readonly seq: number; readonly why: string } | null {
    const first = this.#held[0];
    if (this.#trusted === null || first === undefined) return null;
    // By the whole key: its id is short enough to be met by another one.
    const trusted = formatVkey(this.#trusted);
    const index = this.#held.findIndex(({ key }) => formatVkey(key) === trusted);
    if (index < 0)
      return {
        seq: first.since,
        why: `the log was opened with ${formatVkey(first.key)} and never signed by ${trusted}`,
      };
    const cut = this.#held.slice(index + 1).find(({ bridged }) => !bridged);
    return cut === undefined
      ? null
      : {
          seq: cut.since,
          why: `here the log was opened anew with ${formatVkey(cut.key)}, and the key given did not sign that: whoever trusts the new key gives it instead`,
        };
  }
}

function vkeyIn(text: unknown): NoteVerifier | null {
  return typeof text === 'string' ? parseVkey(text) : null;
}

function knownSizeIn(continues: unknown): number | null {
  if (typeof continues !== 'object' || continues === null) return null;
  const { checkpoint } = continues as { readonly checkpoint?: unknown };
  return typeof checkpoint === 'string' ? (readCheckpoint(checkpoint)?.size ?? null) : null;
}
