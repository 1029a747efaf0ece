// The key that signs the log's checkpoints now, and its change (AUD-3): one at a time, the next key on the disk before it
// signs, in the former's place once it has. Held by the writer (postgres-writer.ts), which alone appends the record of it.
import type { Appended, RecordDraft } from '../contract/audit-record.ts';
import { GatewayError } from '../contract/problem.ts';
import type { HandOver } from './commit-in-making.ts';
import { makeNextKey, takeOverNextKey } from './file-next-key.ts';
import { formatVkey, type NoteSigner, noteVerifier } from './signed-note.ts';

/** What is said of a change by the person who wants it; the keys are added. */
export type KeyChangeDraft = Omit<RecordDraft, 'kind' | 'subject' | 'old' | 'new'>;

export class SigningKey {
  readonly #dataFolder: string;
  #signer: NoteSigner;
  #changing = false;
  /** Signs already, and its files could not be put in their place yet. */
  #unsettled: NoteSigner | null = null;

  constructor(dataFolder: string, signer: NoteSigner) {
    this.#dataFolder = dataFolder;
    this.#signer = signer;
  }

  get signer(): NoteSigner {
    return this.#signer;
  }

  get vkey(): string {
    return formatVkey(noteVerifier(this.#signer));
  }

  /**
   * Makes the next key and has `append` record the change with it. Rejects with `wrong-stage` while another change is
   * under way, and with what `append` rejects with: then the former key stays.
   */
  async change(
    draft: KeyChangeDraft,
    append: (record: RecordDraft, handOver: HandOver) => Promise<Appended>,
  ): Promise<Appended> {
    if (this.#changing) throw new GatewayError('wrong-stage', 'The log’s key is being replaced already.');
    this.#changing = true;
    try {
      // What signs now must be in its place before the file that it waits in is needed again.
      if (this.#unsettled !== null) await this.settle();
      const former = this.#signer;
      const next = await makeNextKey(this.#dataFolder, former.name);
      const keys = { old: this.vkey, new: formatVkey(noteVerifier(next)) };
      return await append({ ...draft, kind: 'log.key-rotated', subject: 'log', ...keys }, { next, former });
    } finally {
      this.#changing = false;
    }
  }

  /** The record of the change stands: `next` signs from now on. In memory only; settle() follows once its head is flushed. */
  handOverTo(next: NoteSigner): void {
    this.#signer = next;
    this.#unsettled = next;
  }

  /** Puts the files of the key that signs in their place. Where that fails, both keys stay on the disk, for the next change or start. */
  async settle(): Promise<void> {
    if (this.#unsettled === null) return;
    await takeOverNextKey(this.#dataFolder, this.#unsettled);
    this.#unsettled = null;
  }
}
