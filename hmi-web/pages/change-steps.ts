// The steps of a change: ask, take back, sign, follow (HMI-3). Drives model/change-flow.ts with what the person does in
// change-form.tsx and what the gateway answers. It signs only what the form shows, and takes back what is not signed.
import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useReducer, useRef } from 'react';
import type { CommandView } from '../../gateway/contract/command.ts';
import type { Offer } from '../../gateway/contract/statement.ts';
import type { TagView } from '../../gateway/contract/tag.ts';
import { type SignaturePerson, signCommand } from '../gateway-client/command-signing.ts';
import { Refused } from '../gateway-client/request.ts';
import { useGateway } from '../gateway-context.ts';
import { type ChangeEvent, type ChangeFlow, nextFlow, startFlow } from '../model/change-flow.ts';
import type { Reading } from '../model/reading.ts';
import { explainError } from '../model/refusal-words.ts';
import { checkTyped, type Setpoint, type Typed } from '../model/setpoint-input.ts';
import { checkStatement } from '../model/statement-check.ts';
import { sameValue } from '../model/values.ts';
import { noteCommand } from '../queries.ts';
import { useCommandReports } from './command-reports.ts';

/** Refusals that end the command; after all others the same statement, or a new one, can be signed again. */
const keepsCommand = new Set([
  'signature-refused',
  'sign-in-failed',
  'reason-missing',
  'reason-unknown',
  'comment-missing',
  'meaning-not-allowed',
  'right-missing',
  'certification-missing',
  'too-many-requests',
  'proof-missing',
  'proof-invalid',
  'proof-replayed',
  'use_dpop_nonce',
  'assertion-missing',
  'assertion-challenge',
  'assertion-counter',
  'assertion-invalid',
  'user-verification-missing',
  'passkey-unknown',
  'passkey-foreign',
  'passkeys-unavailable',
]);

type Asked = { readonly command: CommandView; readonly offer: Offer };

export type ChangeSteps = {
  readonly flow: ChangeFlow;
  readonly typed: Typed;
  /** The value typed; what was asked for before is taken back. */
  readonly type: (text: string) => void;
  /** Asks for the value as it is typed. `again`: also when the gateway has refused the very same before. */
  readonly ask: (again: boolean) => void;
  /** Signs what is shown; asks for it first, where that is still to be done. */
  readonly sign: (person: SignaturePerson) => Promise<void>;
  /** Takes back what was asked for and goes on from the value that the plant has now. */
  readonly noteMove: () => void;
  /** Takes back what was asked for: something else about it changes. */
  readonly takeBack: () => void;
};

export function useChangeSteps(props: {
  readonly tag: TagView & { setpoint: Setpoint };
  readonly reading: Reading;
  readonly usable: boolean;
  readonly breakGlass: boolean;
  /** What stands in the field when it is opened; empty where the person has to say. */
  readonly proposed: string;
}): ChangeSteps {
  const { tag, reading, usable, breakGlass } = props;
  const gateway = useGateway();
  const client = useQueryClient();
  const [flow, dispatch] = useReducer(nextFlow, undefined, () => startFlow(reading.value, props.proposed));
  const latest = useRef(flow);
  latest.current = flow;
  const underWay = useRef<Promise<Asked | null> | null>(null);
  const refused = useRef('');
  const signing = useRef(false);
  const { tolerance } = tag.setpoint;

  // The plant may move while the dialog is open: told at once, confirmed again before anything is signed.
  const moved = reading.value !== null && !sameValue(reading.value, flow.observed, tolerance);
  useEffect(() => {
    dispatch(moved ? { kind: 'plant-moved', to: reading.value } : { kind: 'plant-returned' });
  }, [moved, reading.value]);
  useCommandReports(flow.stage === 'typing' ? null : (flow.command?.id ?? null), (command) =>
    dispatch({ kind: 'reported', command }),
  );
  // Asked for but never signed: taken back, so that nobody wonders about it.
  const withdraw = useCallback(
    (left: ChangeFlow) => {
      if (left.stage !== 'signing' || left.command === null || left.command.state !== 'asked') return;
      gateway.api.withdraw(left.command.id).catch(() => {});
    },
    [gateway],
  );
  useEffect(() => () => withdraw(latest.current), [withdraw]);
  const leave = (event: ChangeEvent) => {
    withdraw(latest.current);
    dispatch(event);
  };

  const typed = checkTyped(tag, flow.typed, flow.observed);
  const question = JSON.stringify([flow.typed, flow.observed, breakGlass]);

  const askNow = async (): Promise<Asked | null> => {
    if (typed.kind !== 'fine' || reading.sourceTimeMs === null) return null;
    dispatch({ kind: 'asking' });
    try {
      const {
        statement,
        requires,
        permissives: _judged,
        ...command
      } = await gateway.api.ask({
        tagId: tag.id,
        value: typed.value,
        observed: { value: flow.observed, sourceTime: new Date(reading.sourceTimeMs).toISOString() },
        ...(breakGlass ? { breakGlass } : {}),
      });
      const check = checkStatement(statement, {
        breakGlass,
        tagId: tag.id,
        terminalId: gateway.terminal.id,
        value: typed.value,
        unit: tag.unit,
        observed: flow.observed,
        tolerance,
      });
      if (check.kind === 'changed' || check.kind === 'foreign') void gateway.api.withdraw(command.id).catch(() => {});
      const offer = { statement, requires, expiresAt: statement.expiresAt };
      dispatch({ kind: 'asked', command, offer, check });
      // What the device makes of it otherwise has to be seen before it is signed.
      return check.kind === 'as-shown' ? { command, offer } : null;
    } catch (error) {
      refused.current = question;
      const changed = error instanceof Refused && error.problem.code === 'value-changed';
      const current = changed ? error.problem.current : undefined;
      dispatch({
        kind: 'ask-refused',
        explanation: explainError(error),
        current: typeof current === typeof flow.observed ? (current as typeof flow.observed) : undefined,
      });
      return null;
    }
  };
  const ask = (again: boolean): Promise<Asked | null> => {
    if (underWay.current !== null) return underWay.current;
    const possible = flow.stage === 'typing' && flow.movedTo === undefined && usable;
    if (!possible || (!again && refused.current === question)) return Promise.resolve(null);
    underWay.current = askNow().finally(() => {
      underWay.current = null;
    });
    return underWay.current;
  };

  const sign = async (person: SignaturePerson) => {
    // Pressed again while the question is on its way: one signature is enough.
    if (signing.current) return;
    signing.current = true;
    await signOnce(person).finally(() => {
      signing.current = false;
    });
  };
  const signOnce = async (person: SignaturePerson) => {
    const ready =
      flow.command !== null && flow.offer !== null ? { command: flow.command, offer: flow.offer } : await ask(true);
    if (ready === null) return;
    const { command, offer } = ready;
    dispatch({ kind: 'sending' });
    try {
      const signed = await signCommand(
        gateway,
        command.id,
        offer,
        person,
        () => gateway.api.commandOffer(command.id),
        (renewed) => dispatch({ kind: 'renewed', offer: renewed }),
      );
      noteCommand(client, signed);
      dispatch({ kind: 'signed', command: signed });
    } catch (error) {
      const ends = error instanceof Refused && !keepsCommand.has(error.problem.code);
      // A lost answer may hide a command on its way: its fate is asked for, never assumed.
      if (!(error instanceof Refused))
        void gateway.api.command(command.id).then(
          (report) => dispatch({ kind: 'reported', command: report }),
          () => {},
        );
      dispatch({ kind: 'sign-refused', explanation: explainError(error), ends });
    } finally {
      // The first signature of a session changes what the next one needs (SIG-3).
      void client.invalidateQueries({ queryKey: ['session'] });
    }
  };

  return {
    flow,
    typed,
    type: (text) => leave({ kind: 'typed', text }),
    ask: (again) => void ask(again),
    sign,
    noteMove: () => leave({ kind: 'move-noted' }),
    takeBack: () => leave({ kind: 'back' }),
  };
}
