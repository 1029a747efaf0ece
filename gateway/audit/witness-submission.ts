// One checkpoint to one witness (C2SP tlog-witness), with the proof that it asks for (AUD-3). Used at start, before
// anything is written, and afterwards to keep up. Core: how a request goes out is given to it.
import type { Cosignature, WitnessKey } from './cosignature.ts';
import { openCosignatures } from './cosignature.ts';
import type { Hash } from './merkle.ts';
import { formatAddCheckpoint, parseSize } from './witness-request.ts';

export type Witness = {
  /** Where it is asked, without `/add-checkpoint`. */
  readonly url: string;
  readonly key: WitnessKey;
};

export type WitnessAnswer = { readonly status: number; readonly body: string };
/** POSTs to `<url>/add-checkpoint`. Rejects where no answer comes in time. */
export type AskWitness = (witness: Witness, body: string, signal: AbortSignal) => Promise<WitnessAnswer>;

export type LogHead = { readonly size: number; readonly note: string };
/** RFC 6962 consistency proof between two sizes of the log. */
export type ProveConsistency = (from: number, to: number) => Promise<readonly Hash[]>;

export type Submitted =
  /** `from`: the size that the witness had cosigned before. */
  | { readonly outcome: 'cosigned'; readonly cosignature: Cosignature; readonly from: number }
  /** It has cosigned more records than the log holds. */
  | { readonly outcome: 'ahead'; readonly size: number }
  /** What it has cosigned is not what the log holds. */
  | { readonly outcome: 'contradicts'; readonly from: number; readonly why: string }
  /** It does not know the log, or not the key that signs now. */
  | { readonly outcome: 'refuses'; readonly why: string }
  | { readonly outcome: 'unusable'; readonly why: string };

/** Times that a witness may name another size in a row: another asker may have come in between once. */
const mostCorrections = 3;
const longestWords = 200;

/** `known`: what it is believed to have cosigned. Rejects where the witness does not answer, or the proof cannot be read. */
export async function submitCheckpoint(
  witness: Witness,
  head: LogHead,
  known: number,
  parts: { readonly ask: AskWitness; readonly prove: ProveConsistency },
  signal: AbortSignal,
): Promise<Submitted> {
  let oldSize = Math.min(known, head.size);
  for (let corrections = 0; ; corrections++) {
    const proof = oldSize === 0 || oldSize === head.size ? [] : await parts.prove(oldSize, head.size);
    const { status, body } = await parts.ask(witness, formatAddCheckpoint({ oldSize, proof, note: head.note }), signal);
    if (status === 409 && corrections < mostCorrections) {
      const size = parseSize(body.replace(/\n$/, ''));
      if (size === null) return { outcome: 'unusable', why: 'it names no size in its 409 answer' };
      if (size > head.size) return { outcome: 'ahead', size };
      oldSize = size;
      continue;
    }
    return judgeAnswer(witness, head, oldSize, status, body);
  }
}

function judgeAnswer(witness: Witness, head: LogHead, from: number, status: number, body: string): Submitted {
  if (status === 200) {
    const { good } = openCosignatures(head.note + body, [witness.key]);
    const [cosignature] = good;
    return cosignature === undefined
      ? {
          outcome: 'unusable',
          why: `its answer holds no valid cosignature by the key configured for ${witness.key.name}`,
        }
      : { outcome: 'cosigned', cosignature, from };
  }
  const said = words(body);
  if (status === 422) return { outcome: 'contradicts', from, why: said };
  if (status === 403 || status === 404) return { outcome: 'refuses', why: `${status}: ${said}` };
  return { outcome: 'unusable', why: `it answered ${status}: ${said}` };
}

/** What a stranger's answer says, short and on one line. */
function words(body: string): string {
  return (
    body
      .replaceAll(/[^\x20-\x7e]+/g, ' ')
      .trim()
      .slice(0, longestWords) || 'no words'
  );
}
