// Words for every refusal of the gateway, in English: what happened, and what to do next. Read by model/refusal-words.ts.
// Complete for every code of the contract: the compiler and a test see to it.
import type { ProblemCode } from '../../gateway/contract/problem.ts';

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
  'query-too-long': {
    what: 'Finding these records took too long and was given up.',
    next: 'Narrow the question: a shorter time, a person, a tag.',
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
