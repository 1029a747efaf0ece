// How a command closes after its write (CMD-5): the record of what the read-back proves, or that nobody can tell.
// Made for gate.ts, which appends them; decides by the driver's answer and the read-back alone.
import type { RecordDraft } from '../contract/audit-record.ts';
import type { Intent } from './intent.ts';
import type { WriteResult } from './ports.ts';
import type { OutcomeOfRead } from './read-back.ts';
import { outcomeDraft, writtenDraft } from './record-drafts.ts';
import { inWords } from './value-text.ts';

/** Nothing left for the device, or the device said no: there is nothing to read back. */
export function unwrittenDrafts(
  intent: Intent,
  result: Extract<WriteResult, { kind: 'not-sent' | 'rejected' }>,
  at: string,
): readonly RecordDraft[] {
  if (result.kind === 'not-sent')
    return [
      outcomeDraft('command.failed', intent, {
        code: 'not-sent',
        text: `Nothing was sent to the device: ${result.detail}`,
      }),
    ];
  return [
    writtenDraft(intent, at, result.status, true),
    outcomeDraft('command.rejected', intent, {
      code: result.status,
      text: `The device refused the value: ${result.detail}`,
    }),
  ];
}

/** A write without an answer is confirmed only by what was not there before, and never failed. */
export function closingDraft(intent: Intent, result: WriteResult, read: OutcomeOfRead): RecordDraft {
  if (read.kind === 'agrees')
    return outcomeDraft('command.confirmed', intent, {
      code: 'read-back-agrees',
      text: read.detail,
      readBack: read.readBack,
    });
  if (read.kind === 'differs' && result.kind === 'written')
    return outcomeDraft('command.failed', intent, { code: read.code, text: read.detail, readBack: read.readBack });
  const why = result.kind === 'unknown' ? ` (${result.detail})` : '';
  return outcomeDraft('command.unknown', intent, {
    code: result.kind === 'unknown' ? 'no-answer' : read.kind === 'unproven' ? read.code : 'not-readable',
    text: `Nobody can tell whether the device took ${inWords(intent.tag, intent.value)}${why}; ${seen(intent, read)}. Look at the equipment before the next command.`,
    ...(read.kind === 'unreadable' ? {} : { readBack: read.readBack }),
  });
}

function seen(intent: Intent, read: Exclude<OutcomeOfRead, { kind: 'agrees' }>): string {
  switch (read.kind) {
    case 'unreadable':
      return `reading back failed: ${read.detail}`;
    case 'unproven':
      return read.detail;
    case 'differs':
      return `it now holds ${inWords(intent.tag, read.readBack.value)}`;
  }
}
