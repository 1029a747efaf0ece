// Words for everything that has a code, in English (HMI-4: other languages are further files of this shape); refusals are in
// en-refusals.ts. Read by model/ and the pages. Complete for every code of the contract: the compiler and a test see to it.
import type { ArchiveView } from '../../gateway/contract/archive.ts';
import type { ExportFormat, ExportView } from '../../gateway/contract/audit-filter.ts';
import type { RecordKind } from '../../gateway/contract/audit-record.ts';
import type { CommandState } from '../../gateway/contract/command-state.ts';
import type { Health, WitnessState } from '../../gateway/contract/health.ts';
import type { RecordOutcome, RecordRisk } from '../../gateway/contract/record-classes.ts';
import { kindWords, meaningWords } from '../../gateway/contract/record-words.ts';
import type { AccountView, Permission, TerminalView } from '../../gateway/contract/session.ts';
import type { Meaning } from '../../gateway/contract/statement.ts';
import type { ConnectionView } from '../../gateway/contract/tag.ts';
import type { TokenScope } from '../../gateway/contract/token.ts';
import type { Quality, QualityReason } from '../../gateway/contract/values.ts';

/** Headline of a command's state, and whether a person has to look after it. */
export const commandStates: Readonly<Record<CommandState, { readonly label: string; readonly meaning: string }>> = {
  asked: { label: 'Waiting for signature', meaning: 'Nothing has been sent to the plant.' },
  'awaiting-countersignature': {
    label: 'Waiting for countersignature',
    meaning: 'A second person has to sign. Nothing has been sent to the plant.',
  },
  accepted: { label: 'Accepted', meaning: 'The intent is recorded; the device is checked once more before the write.' },
  written: { label: 'Written, reading back', meaning: 'The device took the write; it is being read back.' },
  confirmed: { label: 'Confirmed', meaning: 'The device holds the new value, as read back from it.' },
  rejected: { label: 'Rejected by the PLC', meaning: 'The device refused the write. The plant was not changed by it.' },
  failed: { label: 'Failed', meaning: 'The device does not hold the new value.' },
  unknown: {
    label: 'Outcome unknown',
    meaning: 'It cannot be told whether the device took the write. Check the plant.',
  },
  resolved: { label: 'Resolved', meaning: 'A person has checked the plant and recorded what was found.' },
  refused: { label: 'Refused', meaning: 'The gateway refused the command. Nothing was written.' },
  expired: { label: 'Expired', meaning: 'It was not signed in time. Nothing was written.' },
  withdrawn: { label: 'Withdrawn', meaning: 'It was taken back before it was sent. Nothing was written.' },
  declined: { label: 'Declined', meaning: 'A person declined it. Nothing was written.' },
  proposed: {
    label: 'Proposed',
    meaning: 'Another system proposes it; a person signs or declines. Nothing has been sent.',
  },
};

export const qualities: Readonly<Record<Quality, string>> = { good: 'Good', uncertain: 'Uncertain', bad: 'Bad' };

export const qualityReasons: Readonly<Record<QualityReason, string>> = {
  none: '',
  'never-read': 'never read yet',
  'connection-lost': 'connection to the PLC lost',
  'no-answer': 'the device does not answer',
  'device-error': 'the device reports an error',
  'source-bad': 'the device calls it bad',
  'source-uncertain': 'the device is not sure of it',
  'not-a-number': 'not a number',
  'source-time-absurd': 'the device’s time stamp makes no sense',
  'not-vouched-for': 'not confirmed by the device lately',
  'wrong-type': 'the device sends another type',
};

/** After `bad:` or `uncertain:` where there is room for some twenty letters; empty where those two say it all. */
export const shortQualityReasons: Readonly<Record<QualityReason, string>> = {
  none: '',
  'never-read': 'never read',
  'connection-lost': 'PLC lost',
  'no-answer': 'no answer',
  'device-error': 'device error',
  'source-bad': '',
  'source-uncertain': '',
  'not-a-number': 'no number',
  'source-time-absurd': 'time',
  'not-vouched-for': 'not fresh',
  'wrong-type': 'type',
};

export const meanings: Readonly<Record<Meaning, string>> = meaningWords;

export const connectionStates: Readonly<Record<ConnectionView['state'], string>> = {
  connecting: 'connecting',
  connected: 'connected',
  lost: 'lost',
  stopped: 'stopped',
};

export const terminalStates: Readonly<Record<TerminalView['status'], string>> = {
  active: 'Active',
  pending: 'Waiting for approval',
  revoked: 'Revoked',
};

export const accountStates: Readonly<Record<AccountView['status'], string>> = {
  active: 'Active',
  locked: 'Locked',
  deactivated: 'Deactivated',
};

export const permissions: Readonly<Record<Permission, string>> = {
  view: 'see values',
  command: 'change setpoints',
  verify: 'countersign',
  resolve: 'resolve unknown outcomes',
  'read-audit': 'read the audit trail',
  'export-audit': 'export the audit trail',
  administer: 'administer terminals and accounts',
  review: 'review the audit trail',
};

/** In English they stand with the contract: exports on paper use the same words. */
export const tokenScopes: Readonly<Record<TokenScope, string>> = {
  'read-history': 'read history',
  'read-audit': 'read the audit trail',
  propose: 'propose setpoints',
  'post-events': 'post events',
};

export const recordKinds: Readonly<Record<RecordKind, string>> = kindWords;

/** Outcomes that records state, for the audit page's filter. */
export const outcomes: Readonly<Record<RecordOutcome, string>> = {
  confirmed: 'Confirmed',
  rejected: 'Rejected by the PLC',
  failed: 'Failed',
  unknown: 'Unknown',
  resolved: 'Resolved',
  refused: 'Refused',
  expired: 'Expired',
  withdrawn: 'Withdrawn',
  declined: 'Declined',
};

export const risks: Readonly<Record<RecordRisk, string>> = { high: 'High', medium: 'Medium', low: 'Low' };

export const exportFormatWords: Readonly<Record<ExportFormat, { readonly label: string; readonly meaning: string }>> = {
  pdf: { label: 'PDF', meaning: 'Pages to print or hand over, with filter, checkpoint and signatures' },
  xlsx: { label: 'Excel (XLSX)', meaning: 'A workbook to sort and filter in' },
  csv: { label: 'CSV', meaning: 'A table for any spreadsheet or database' },
  html: { label: 'HTML', meaning: 'One page for any browser, without a network' },
  jsonl: { label: 'JSON Lines', meaning: 'The exact bytes that the log hashes, a record a line' },
  bundle: { label: 'Bundle', meaning: 'Records with their proofs: can be verified without this gateway' },
};

export const exportStateWords: Readonly<
  Record<ExportView['state'], { readonly label: string; readonly meaning: string }>
> = {
  ready: { label: 'Waiting for the browser', meaning: 'The download begins in a moment.' },
  running: { label: 'Being written', meaning: '' },
  done: { label: 'Complete', meaning: '' },
  failed: { label: 'Broken off', meaning: 'The file is not complete. Export again.' },
  cancelled: { label: 'Cancelled', meaning: 'The file is not complete.' },
  expired: { label: 'Not fetched', meaning: 'The browser did not begin the download in time. Export again.' },
};

/** `next`: what to do about it, where something is to be done. */
export type StandingWords = { readonly label: string; readonly next: string | null };

export const witnessStateWords: Readonly<Record<WitnessState, StandingWords>> = {
  starting: { label: 'Not asked yet', next: null },
  cosigning: { label: 'Cosigning', next: null },
  lost: {
    label: 'Does not answer',
    next: 'It is tried again by itself. Until it answers, what it has not cosigned could be lost unseen: see to its machine and the network.',
  },
  refusing: {
    label: 'Refuses',
    next: 'It does not know this log, or its new key. Its operator adds it: countersign witness add-log.',
  },
  conflict: {
    label: 'Contradicts the log',
    next: 'It has cosigned another log than this, or more of it. Stop the gateway, leave database and data folder as they are, and have somebody look (docs/witnesses.md).',
  },
};

type ReceiverState = NonNullable<Health['parts']['forwarding']>[string]['state'];
export const receiverStateWords: Readonly<Record<ReceiverState, StandingWords>> = {
  starting: { label: 'Not asked yet', next: null },
  delivering: { label: 'Delivering', next: null },
  lost: {
    label: 'Does not answer',
    next: 'It is tried again by itself, and gets all that waits. The error is in the record.',
  },
};

export const archiveStateWords: Readonly<Record<ArchiveView['state'], string>> = {
  ordered: 'Bundle being written',
  written: 'Being checked',
  removed: 'Archived',
  failed: 'Failed, nothing removed',
};
