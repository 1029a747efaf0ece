// The stages of a command as pure transitions (CMD-1): which event may follow which, and who must have signed before
// a write. history.ts folds records through it, gate.ts asks it before the write. It knows no time and no device.
import type { RecordKind } from '../contract/audit-record.ts';
import { type CommandState, closedStates } from '../contract/command-state.ts';

/**
 * `signers` are normalised user ids, in the order of their signatures; `signaturesNeeded` is 1 to 4, before the write.
 * `signaturesDue` (0 to 3) may be given after it: they are what a break-glass command left out (CMD-13).
 */
export type Lifecycle = {
  readonly state: CommandState;
  readonly signers: readonly string[];
  readonly signaturesNeeded: number;
  readonly signaturesDue: number;
};

export type CommandEvent =
  | { readonly kind: 'asked'; readonly signaturesNeeded: number; readonly signaturesDue: number }
  | { readonly kind: 'signed'; readonly signer: string }
  | { readonly kind: 'accepted' }
  | { readonly kind: 'written' }
  | { readonly kind: 'closed'; readonly as: ClosingState };

export type ClosingState = Extract<
  CommandState,
  'confirmed' | 'rejected' | 'failed' | 'unknown' | 'resolved' | 'refused' | 'expired' | 'withdrawn' | 'declined'
>;

export function asked(signaturesNeeded: number, signaturesDue = 0): Lifecycle {
  return { state: 'asked', signers: [], signaturesNeeded, signaturesDue };
}

/** Proposed by a machine (CMD-10): no person has asked for it yet, and no signature counts before one does. */
export function proposed(signaturesNeeded: number): Lifecycle {
  return { state: 'proposed', signers: [], signaturesNeeded, signaturesDue: 0 };
}

/** True while persons may still sign, decline, withdraw or let it expire: nothing was written. */
export function isOpenForSigning(life: Lifecycle): boolean {
  return life.state === 'proposed' || takesSignature(life);
}

function takesSignature(life: Lifecycle): boolean {
  return (life.state === 'asked' || life.state === 'awaiting-countersignature') && missingSignatures(life) > 0;
}

/** Countersignatures still due after the fact (CMD-13). Once the gate has refused, nothing was written and none is due. */
export function countersignaturesDue(life: Lifecycle): number {
  const wentThrough = life.signers.length >= life.signaturesNeeded && !undone.has(life.state);
  return wentThrough ? Math.max(0, life.signaturesNeeded + life.signaturesDue - life.signers.length) : 0;
}
const undone: ReadonlySet<CommandState> = new Set<CommandState>([
  'proposed',
  'asked',
  'awaiting-countersignature',
  'refused',
  'expired',
  'withdrawn',
  'declined',
]);

export function isClosed(life: Lifecycle): boolean {
  return closedStates.has(life.state);
}

export function missingSignatures(life: Lifecycle): number {
  return Math.max(0, life.signaturesNeeded - life.signers.length);
}

/** From which states a command may close in each way. Unknown alone is not the end: a person may resolve it. */
const closesFrom: { readonly [as in ClosingState]: readonly CommandState[] } = {
  refused: ['asked', 'awaiting-countersignature', 'accepted'],
  expired: ['proposed', 'asked', 'awaiting-countersignature'],
  withdrawn: ['proposed', 'asked', 'awaiting-countersignature'],
  declined: ['proposed', 'asked', 'awaiting-countersignature'],
  rejected: ['accepted', 'written'],
  failed: ['accepted', 'written'],
  unknown: ['accepted', 'written'],
  // Also from `accepted`: a crash may have lost the record of the write, and the read-back tells (CMD-6).
  confirmed: ['accepted', 'written'],
  resolved: ['unknown'],
};

/** The life after the event, or null where the event cannot follow: the caller refuses or ignores it, never bends it. */
export function follow(life: Lifecycle, event: CommandEvent): Lifecycle | null {
  switch (event.kind) {
    case 'asked': {
      const { signaturesNeeded, signaturesDue } = event;
      return life.state === 'proposed' ? asked(signaturesNeeded, signaturesDue) : null;
    }
    case 'signed':
      if (life.signers.includes(event.signer)) return null;
      // After the fact a signature moves nothing but the count of what is due.
      if (countersignaturesDue(life) > 0) return { ...life, signers: [...life.signers, event.signer] };
      return takesSignature(life) ? withSigner(life, event.signer) : null;
    case 'accepted': {
      const complete = missingSignatures(life) === 0 && life.signaturesNeeded > 0;
      const waiting = life.state === 'asked' || life.state === 'awaiting-countersignature';
      return complete && waiting ? { ...life, state: 'accepted' } : null;
    }
    case 'written':
      return life.state === 'accepted' ? { ...life, state: 'written' } : null;
    case 'closed':
      return closesFrom[event.as].includes(life.state) ? { ...life, state: event.as } : null;
  }
}

function withSigner(life: Lifecycle, signer: string): Lifecycle {
  const signers = [...life.signers, signer];
  // The last signature leaves the state as it is: `accepted` follows in the same commit.
  const state = signers.length < life.signaturesNeeded ? 'awaiting-countersignature' : life.state;
  return { ...life, signers, state };
}

const closings: { readonly [kind in RecordKind]?: ClosingState } = {
  'command.confirmed': 'confirmed',
  'command.rejected': 'rejected',
  'command.failed': 'failed',
  'command.unknown': 'unknown',
  'command.resolved': 'resolved',
  'command.refused': 'refused',
  'command.expired': 'expired',
  'command.withdrawn': 'withdrawn',
  'command.declined': 'declined',
};

/** The event that a record stands for; null for records that move nothing, a refused signature for instance. */
export function eventOf(record: {
  readonly kind: RecordKind;
  readonly actor: { readonly id: string } | null;
}): CommandEvent | null {
  switch (record.kind) {
    case 'command.signed':
    case 'command.countersigned':
      return record.actor === null ? null : { kind: 'signed', signer: record.actor.id };
    case 'command.accepted':
      return { kind: 'accepted' };
    case 'command.written':
      return { kind: 'written' };
    default: {
      const as = closings[record.kind];
      return as === undefined ? null : { kind: 'closed', as };
    }
  }
}
