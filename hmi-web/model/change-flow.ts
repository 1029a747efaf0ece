// The change dialog as a pure state machine (HMI-3): type, ask, sign, follow. Driven by pages/change-dialog.tsx.
// What a person typed is never lost by a refusal; what changed under the dialog is confirmed again before anything is signed.
import type { CommandView } from '../../gateway/contract/command.ts';
import type { Offer } from '../../gateway/contract/statement.ts';
import type { TagValue } from '../../gateway/contract/values.ts';
import { furtherOn } from './command-fate.ts';
import { type Explanation, foreignStatement } from './refusal-words.ts';
import type { StatementCheck } from './statement-check.ts';

export type ChangeFlow = {
  /** `typing` the value; `asking` the gateway; `signing` what it answered; `sending` the signature; `following` its fate. */
  readonly stage: 'typing' | 'asking' | 'signing' | 'sending' | 'following';
  readonly typed: string;
  /** The present value that the person has seen and goes by; null until there is one. */
  readonly observed: TagValue;
  /** The plant's value moved away from `observed`: must be taken note of before going on. */
  readonly movedTo: TagValue | undefined;
  readonly offer: Offer | null;
  /** The device's own rounding of what was typed, shown before it is signed. */
  readonly rounded: TagValue | undefined;
  readonly command: CommandView | null;
  readonly refusal: Explanation | null;
};

export type ChangeEvent =
  | { readonly kind: 'typed'; readonly text: string }
  | { readonly kind: 'plant-moved'; readonly to: TagValue }
  | { readonly kind: 'plant-returned' }
  | { readonly kind: 'move-noted' }
  | { readonly kind: 'asking' }
  | { readonly kind: 'asked'; readonly command: CommandView; readonly offer: Offer; readonly check: StatementCheck }
  | { readonly kind: 'ask-refused'; readonly explanation: Explanation; readonly current: TagValue | undefined }
  | { readonly kind: 'back' }
  | { readonly kind: 'sending' }
  | { readonly kind: 'renewed'; readonly offer: Offer }
  | { readonly kind: 'signed'; readonly command: CommandView }
  | { readonly kind: 'sign-refused'; readonly explanation: Explanation; readonly ends: boolean }
  | { readonly kind: 'reported'; readonly command: CommandView };

export function startFlow(observed: TagValue, typed: string): ChangeFlow {
  return {
    stage: 'typing',
    typed,
    observed,
    movedTo: undefined,
    offer: null,
    rounded: undefined,
    command: null,
    refusal: null,
  };
}

export function nextFlow(flow: ChangeFlow, event: ChangeEvent): ChangeFlow {
  switch (event.kind) {
    case 'typed':
      // Another value is another question: what was asked before is not signed any more.
      return flow.stage === 'typing' || flow.stage === 'signing'
        ? { ...backToTyping(flow), typed: event.text, refusal: null }
        : flow;
    case 'plant-moved':
      // Once it is on its way, the plant is meant to move.
      return flow.stage === 'sending' || flow.stage === 'following' ? flow : { ...flow, movedTo: event.to };
    case 'plant-returned':
      return flow.movedTo === undefined ? flow : { ...flow, movedTo: undefined };
    case 'move-noted':
      return flow.movedTo === undefined
        ? flow
        : { ...backToTyping(flow), observed: flow.movedTo, movedTo: undefined, refusal: null };
    case 'asking':
      return flow.stage === 'typing' && flow.movedTo === undefined ? { ...flow, stage: 'asking', refusal: null } : flow;
    case 'asked':
      return flow.stage === 'asking' ? afterAsked(flow, event) : flow;
    case 'ask-refused':
      return {
        ...backToTyping(flow),
        refusal: event.explanation,
        movedTo: event.current === undefined ? flow.movedTo : event.current,
      };
    case 'back':
      return flow.stage === 'signing' ? { ...backToTyping(flow), refusal: null } : flow;
    case 'sending':
      return flow.stage === 'signing' && flow.movedTo === undefined
        ? { ...flow, stage: 'sending', refusal: null }
        : flow;
    case 'renewed':
      return { ...flow, offer: event.offer };
    case 'signed':
      return { ...flow, stage: 'following', command: later(flow.command, event.command), refusal: null };
    case 'sign-refused':
      return event.ends
        ? { ...backToTyping(flow), refusal: event.explanation }
        : { ...flow, stage: 'signing', refusal: event.explanation };
    case 'reported':
      return afterReport(flow, event.command);
  }
}

function afterAsked(flow: ChangeFlow, event: Extract<ChangeEvent, { kind: 'asked' }>): ChangeFlow {
  const { check, command, offer } = event;
  switch (check.kind) {
    case 'as-shown':
      return { ...flow, stage: 'signing', command, offer, rounded: undefined };
    case 'rounded':
      return { ...flow, stage: 'signing', command, offer, rounded: check.value };
    case 'changed':
      return { ...backToTyping(flow), movedTo: check.observed };
    case 'foreign':
      return { ...backToTyping(flow), refusal: foreignStatement };
  }
}

function afterReport(flow: ChangeFlow, command: CommandView): ChangeFlow {
  if (flow.command === null || flow.command.id !== command.id) return flow;
  const known = later(flow.command, command);
  // The gateway may expire or refuse it while the person is still filling in the signature.
  const over = known.state !== 'asked' && (flow.stage === 'signing' || flow.stage === 'sending');
  return { ...flow, command: known, stage: over ? 'following' : flow.stage };
}

function backToTyping(flow: ChangeFlow): ChangeFlow {
  return { ...flow, stage: 'typing', offer: null, command: null, rounded: undefined };
}
function later(known: CommandView | null, fresh: CommandView): CommandView {
  return known === null || known.id !== fresh.id ? fresh : furtherOn(known, fresh);
}
