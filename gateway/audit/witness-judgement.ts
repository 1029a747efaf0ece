// What a witness makes of a checkpoint that it is asked to cosign (C2SP tlog-witness): it cosigns what continues the last
// one that it cosigned of that log, and nothing else. Pure: what was seen comes from its state, the answer goes out by its
// server. Also says what is an alarm: a log that signed two histories, or went back.
import { parseCheckpointText } from './checkpoint.ts';
import { emptyRoot, type Hash, sameHash, verifyConsistency } from './merkle.ts';
import { isSignedBy, type NoteVerifier, openNote, splitNote } from './signed-note.ts';
import { parseAddCheckpoint } from './witness-request.ts';

/** The newest head of a log that this witness cosigned. */
export type SeenHead = { readonly size: number; readonly root: Hash };

export type WitnessedLog = {
  /** Keys trusted for the log: usually one, two while it changes. */
  readonly keys: readonly NoteVerifier[];
  /** Null where nothing of it was cosigned yet. */
  readonly seen: SeenHead | null;
};

/** `forked`: signed by the log and contradicting what it signed before. `went-back`: signed by it, and shorter. */
export type WitnessAlarm = 'forked' | 'went-back';

export type Judgement =
  /** `text` is what is cosigned; `note`, it with the log's own signatures, is to be kept before the answer. */
  | {
      readonly answer: 200;
      readonly origin: string;
      readonly text: string;
      readonly note: string;
      readonly head: SeenHead;
    }
  | {
      readonly answer: 400 | 403 | 404 | 422;
      readonly origin: string | null;
      readonly why: string;
      readonly alarm: WitnessAlarm | null;
    }
  /** `size`: what the asker is to prove from. */
  | { readonly answer: 409; readonly origin: string; readonly size: number; readonly alarm: WitnessAlarm | null };

/** `find` knows the logs by their origin; undefined for others. */
export function judge(body: string, find: (origin: string) => WitnessedLog | undefined): Judgement {
  const refused = (answer: 400 | 403 | 404 | 422, why: string, alarm: WitnessAlarm | null = null): Judgement => ({
    answer,
    origin: named?.origin ?? null,
    why,
    alarm,
  });
  const request = parseAddCheckpoint(body);
  const split = request === null ? null : splitNote(request.note);
  const named = split === null || typeof split === 'string' ? null : parseCheckpointText(split.text);
  if (request === null || split === null || typeof split === 'string' || named === null)
    return refused(400, 'the request is no add-checkpoint');
  const log = find(named.origin);
  if (log === undefined) return refused(404, `the log ${named.origin} is not witnessed here`);
  const signing = log.keys.filter((key) => split.signatures.some((line) => isSignedBy(line, key)));
  if (signing.length === 0 || !signing.every((key) => openNote(request.note, key).ok))
    return refused(403, 'the checkpoint is not signed by a key that is trusted for this log');
  // From here on it is the log's own word, and what contradicts its word before is evidence.
  const { size, root } = named;
  const { oldSize, proof } = request;
  const seen = log.seen ?? { size: 0, root: emptyRoot };
  const alarm = size === seen.size && !sameHash(root, seen.root) ? 'forked' : size < seen.size ? 'went-back' : null;
  if (oldSize > size) return refused(400, `a log of ${size} records does not continue one of ${oldSize}`, alarm);
  if (oldSize !== seen.size) return { answer: 409, origin: named.origin, size: seen.size, alarm };
  if (size === 0 && !sameHash(root, emptyRoot)) return refused(422, 'an empty log has another root');
  if (!verifyConsistency(oldSize, size, seen.root, root, proof))
    return refused(
      422,
      `the proof does not show that the log of ${size} records continues the one of ${oldSize} that was cosigned`,
      'forked',
    );
  const own = split.signatures.filter((line) => signing.some((key) => isSignedBy(line, key)));
  const note = `${split.text}\n${own.map(({ line }) => line).join('')}`;
  return { answer: 200, origin: named.origin, text: split.text, note, head: { size, root } };
}
