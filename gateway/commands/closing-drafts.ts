// How a command closes after its write (CMD-5): the record of what the read-back proves, or that nobody can tell.
// Made for gate.ts, which appends them; decides by the driver's answer and the read-back alone.
import type { RecordDraft } from '../contract/audit-record.ts';
import type { Intent } from './intent.ts';
import type { WriteResult } from './ports.ts';
import { isHeld, type OutcomeOfRead } from './read-back.ts';
import type { Trace } from './read-trace.ts';
import { type OutcomeKind, outcomeDraft } from './record-drafts.ts';
import { inWords } from './value-text.ts';

/** Nothing left for the device: there is nothing to read back. */
export function notSentDraft(intent: Intent, detail: string, trace: Trace): RecordDraft {
  const text = `Nothing was sent to the device: ${detail}`;
  return outcomeDraft('command.failed', intent, { code: 'not-sent', text }, trace);
}

/**
 * The device said no. Its word counts, unless it shows what it says it refused (`read`, of one look at it afterwards):
 * then nobody can tell what it did.
 */
export function rejectedDraft(
  intent: Intent,
  result: Extract<WriteResult, { kind: 'rejected' }>,
  read: OutcomeOfRead,
  trace: Trace,
): RecordDraft {
  if (read.kind !== 'unreadable' && isHeld(intent, read.readBack.value)) {
    const now = inWords(intent.tag, read.readBack.value);
    const text = `The device answered that it refused the value (${result.detail}), and yet it now holds ${now}. Look at the equipment before the next command.`;
    const { readBack } = read;
    return outcomeDraft('command.unknown', intent, { code: 'refused-but-held', text, readBack }, trace);
  }
  const text = `The device refused the value: ${result.detail}`;
  return outcomeDraft('command.rejected', intent, { code: result.status, text }, trace);
}

/** A write without an answer is confirmed only by what was not there before, and never failed. */
export function closingDraft(intent: Intent, result: WriteResult, read: OutcomeOfRead, trace: Trace): RecordDraft {
  const { readBack } = read.kind === 'unreadable' ? { readBack: undefined } : read;
  const draft = (kind: OutcomeKind, code: string, text: string): RecordDraft =>
    outcomeDraft(kind, intent, { code, text, ...(readBack === undefined ? {} : { readBack }) }, trace);
  if (read.kind === 'agrees') return draft('command.confirmed', 'read-back-agrees', read.detail);
  if (read.kind === 'differs' && result.kind === 'written') return draft('command.failed', read.code, read.detail);
  const why = result.kind === 'unknown' ? ` (${result.detail})` : '';
  return draft(
    'command.unknown',
    result.kind === 'unknown' ? 'no-answer' : read.kind === 'unproven' ? read.code : 'not-readable',
    `Nobody can tell whether the device took ${inWords(intent.tag, intent.value)}${why}; ${seen(intent, result, read)}. Look at the equipment before the next command.`,
  );
}

function seen(intent: Intent, result: WriteResult, read: Exclude<OutcomeOfRead, { kind: 'agrees' }>): string {
  switch (read.kind) {
    case 'unreadable':
      return `reading back failed: ${read.detail}`;
    case 'unproven':
      return read.code === 'not-shown' && result.kind === 'written'
        ? `it answered that it did, and ${read.detail}`
        : read.detail;
    case 'differs':
      return `it now holds ${inWords(intent.tag, read.readBack.value)}`;
  }
}
