// Words for everything that has a code, in English (HMI-4: other languages are further files of this shape).
// Read by model/ and the pages. Complete for every code of the contract: the compiler and a test see to it.
import type { ExportFormat, ExportView } from '../../gateway/contract/audit-filter.ts';
import type { RecordKind } from '../../gateway/contract/audit-record.ts';
import type { CommandState } from '../../gateway/contract/command-state.ts';
import type { ProblemCode } from '../../gateway/contract/problem.ts';
import type { RecordOutcome, RecordRisk } from '../../gateway/contract/record-classes.ts';
import { kindWords, meaningWords } from '../../gateway/contract/record-words.ts';
import type { AccountView, Permission, TerminalView } from '../../gateway/contract/session.ts';
import type { Meaning } from '../../gateway/contract/statement.ts';
import type { ConnectionView } from '../../gateway/contract/tag.ts';
import type { TokenScope } from '../../gateway/contract/token.ts';
import type { Quality, QualityReason } from '../../gateway/contract/values.ts';

/** What a person needs to know of a refusal: what happened, and what to do next. */
export type RefusalWords = { readonly what: string; readonly next: string };

export const refusals: Readonly<Record<ProblemCode, RefusalWords>> = {
  'malformed-request': { what: 'The gateway could not read the request.', next: 'Reload the page and try again.' },
  'unknown-field': {
    what: 'The gateway does not know a field of the request.',
    next: 'Reload the page: it may be older than the gateway.',
  },
  'malformed-statement': {
    what: 'The gateway could not read the signed statement.',
    next: 'Reload the page and start again. Nothing was changed.',
  },
  'not-signed-in': { what: 'Nobody is signed in at this terminal.', next: 'Sign in again.' },
  'sign-in-failed': {
    what: 'User name or password is not right, or the account may not be used here.',
    next: 'Check both and try again. After several failures the account is locked at this terminal.',
  },
  'signature-refused': {
    what: 'The signature was not accepted.',
    next: 'Enter the password again. What you typed is kept.',
  },
  'proof-missing': { what: 'This terminal did not prove its identity.', next: 'Reload the page.' },
  'proof-invalid': {
    what: 'This terminal’s proof of identity was not accepted.',
    next: 'Reload the page. If it stays, tell an administrator.',
  },
  'proof-replayed': {
    what: 'A proof of identity arrived twice.',
    next: 'Try again. If it happens often, tell an administrator.',
  },
  use_dpop_nonce: { what: 'This terminal’s proof of identity had aged.', next: 'Try again.' },
  'token-invalid': { what: 'The access token is not accepted here.', next: 'Sign in with user name and password.' },
  'right-missing': {
    what: 'You do not have the right to do this here.',
    next: 'Ask somebody who has it, or an administrator.',
  },
  'terminal-unknown': { what: 'The gateway does not know this terminal.', next: 'Enrol it on the sign-in page.' },
  'terminal-pending': {
    what: 'This terminal waits for an administrator’s approval.',
    next: 'Give the administrator the terminal’s identification.',
  },
  'terminal-revoked': { what: 'This terminal was revoked.', next: 'Use another terminal, and tell an administrator.' },
  'terminal-area': { what: 'This terminal is not meant for that area.', next: 'Use a terminal of that area.' },
  'terminal-network': {
    what: 'This terminal calls from a network that it does not belong to.',
    next: 'Tell an administrator.',
  },
  'terminal-foreign-session': {
    what: 'This session belongs to another terminal or address.',
    next: 'Sign in again at this terminal.',
  },
  'certification-missing': {
    what: 'You have not yet certified that your electronic signature is binding.',
    next: 'Do it once under your name, at the top right.',
  },
  'same-signer': { what: 'The same person cannot sign twice.', next: 'A second, different person has to sign.' },
  'enrolment-code-invalid': {
    what: 'The enrolment code is not valid, was used, or has expired.',
    next: 'Ask an administrator for a new one.',
  },
  'host-refused': {
    what: 'The gateway does not answer under this address.',
    next: 'Open the page under the address that the gateway was set up for.',
  },
  'not-found': { what: 'This does not exist, or not for you.', next: 'Go back and choose again.' },
  'tag-unknown': {
    what: 'The gateway does not know this tag.',
    next: 'Reload the page: the configuration may have changed.',
  },
  'command-unknown': { what: 'The gateway does not know this command.', next: 'Look for it in the audit trail.' },
  'value-changed': {
    what: 'The value in the plant is no longer the one that you saw.',
    next: 'Compare old and new value, and confirm again.',
  },
  'value-not-good': {
    what: 'The present value is not good, so a change cannot be judged.',
    next: 'Find out why the value is not good, then try again.',
  },
  'value-not-fresh': {
    what: 'The device has not vouched for the present value lately.',
    next: 'Wait until the value is fresh, then try again.',
  },
  'wrong-stage': { what: 'The command is not at a stage where this can be done.', next: 'See how far it has come.' },
  'command-in-progress': {
    what: 'Another command for the same point is on its way.',
    next: 'Wait until it is closed, then try again.',
  },
  'statement-altered': {
    what: 'The signed statement is not the one that the gateway issued.',
    next: 'Start again. If it happens again, tell an administrator: nothing was changed.',
  },
  'statement-reused': {
    what: 'This statement was used already.',
    next: 'See what became of the command before you start again with a new one.',
  },
  'statement-expired': { what: 'The time to sign has run out.', next: 'Ask for the change again.' },
  'already-certified': { what: 'You have certified your signature before.', next: 'Nothing more is needed.' },
  'body-too-large': { what: 'The request is too large.', next: 'Shorten the comment.' },
  'media-type-unsupported': { what: 'The gateway does not take this kind of content.', next: 'Reload the page.' },
  'tag-not-writable': { what: 'This tag cannot be changed from here.', next: 'Choose a setpoint.' },
  'value-wrong-type': { what: 'This value does not fit the tag’s type.', next: 'Enter a value of the right kind.' },
  'value-out-of-range': {
    what: 'The new value is outside the limits.',
    next: 'Enter a value within the limits shown.',
  },
  'step-too-large': { what: 'The change is larger than one step may be.', next: 'Go in smaller steps.' },
  'value-unchanged': { what: 'The new value is the present value.', next: 'Enter another value, or cancel.' },
  'reason-missing': { what: 'A reason is needed.', next: 'Choose one from the list.' },
  'reason-unknown': { what: 'This reason is not on the list for this tag.', next: 'Choose one from the list.' },
  'comment-missing': { what: 'A comment is needed.', next: 'Say in a few words why.' },
  'meaning-not-allowed': { what: 'This meaning is not offered for this signature.', next: 'Choose another meaning.' },
  'permissive-not-met': {
    what: 'The plant is not in a state that permits this change.',
    next: 'See the condition, and try again when it is met.',
  },
  'rate-exceeded': {
    what: 'The setpoint would move too far in too short a time.',
    next: 'Go less far, or wait before the next step.',
  },
  'command-too-soon': {
    what: 'The last change of this setpoint was a short time ago.',
    next: 'Wait until the time between two changes has passed.',
  },
  'password-too-weak': { what: 'This password is too easy to guess.', next: 'Choose a longer one.' },
  'account-locked': { what: 'The account is locked.', next: 'An administrator can unlock it.' },
  'too-many-requests': { what: 'Too many requests in a short time.', next: 'Wait a moment, then try again.' },
  'internal-fault': {
    what: 'The gateway has a fault.',
    next: 'Look at the command’s fate before you try again, and tell an administrator.',
  },
  'log-unavailable': {
    what: 'The audit log cannot be written, so nothing may be changed.',
    next: 'Tell an administrator. Nothing was sent to the plant.',
  },
  'device-unavailable': { what: 'The device does not answer.', next: 'Check the connection, then try again.' },
  'assertion-missing': {
    what: 'This signing needs your passkey.',
    next: 'Sign again and use the passkey when the browser asks for it.',
  },
  'assertion-challenge': {
    what: 'The passkey answered for another statement.',
    next: 'Sign again; use the passkey when the browser asks for it.',
  },
  'assertion-counter': {
    what: 'The passkey’s answer was used before, or the passkey was copied.',
    next: 'Sign again. If it happens again, tell an administrator and use another passkey.',
  },
  'assertion-invalid': {
    what: 'The passkey’s answer does not verify.',
    next: 'Try again with the passkey that you registered at this gateway.',
  },
  'user-verification-missing': {
    what: 'The passkey did not check who used it.',
    next: 'Set up a PIN, fingerprint or face for it, or use another passkey.',
  },
  'passkey-unknown': {
    what: 'This passkey is not registered here, or not any more.',
    next: 'Use one that you registered, or register one under your name, at the top right.',
  },
  'passkey-foreign': {
    what: 'This passkey belongs to somebody else.',
    next: 'Use your own passkey, or let its owner sign.',
  },
  'passkeys-unavailable': {
    what: 'Passkeys do not work at this address: browsers want a host name, not a number.',
    next: 'Open the gateway by its name (in the demo: localhost instead of 127.0.0.1).',
  },
  starting: { what: 'The gateway is still starting.', next: 'Wait a few seconds.' },
  'break-glass-not-allowed': {
    what: 'Break-glass is not allowed for this tag.',
    next: 'Ask for the command as usual, with its countersignatures.',
  },
  'break-glass-overdue': {
    what: 'Countersignatures of an earlier break-glass command are overdue.',
    next: 'Have them given first; until then commands of this kind need all their signatures beforehand.',
  },
  'scope-missing': {
    what: 'The access token may not do this.',
    next: 'Ask an administrator for a token with that scope.',
  },
};

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
