// The inside of the change dialog: drives model/change-flow.ts with what the person does and what the gateway answers.
// Rendered by change-dialog.tsx for one tag; takes back what was asked but not signed when it is closed.
import { Button, Checkbox } from '@mantine/core';
import { IconArrowRight, IconX } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, useCallback, useEffect, useReducer, useRef, useState } from 'react';
import type { TagView } from '../../gateway/contract/tag.ts';
import { CommandFate } from '../components/command-fate.tsx';
import { LimitScale } from '../components/limit-scale.tsx';
import { PermissiveList } from '../components/permissive-list.tsx';
import { PresentValue } from '../components/present-value.tsx';
import { RefusalNotice } from '../components/refusal-notice.tsx';
import { SetpointField } from '../components/setpoint-field.tsx';
import { SignatureForm } from '../components/signature-form.tsx';
import { type SignaturePerson, signCommand } from '../gateway-client/command-signing.ts';
import { Refused } from '../gateway-client/request.ts';
import { useGateway, useLink, useNow, useReading, useSession } from '../gateway-context.ts';
import { type ChangeFlow, nextFlow, startFlow } from '../model/change-flow.ts';
import { isClosed } from '../model/command-fate.ts';
import { explainError } from '../model/refusal-words.ts';
import { checkTyped, type Setpoint } from '../model/setpoint-input.ts';
import { checkStatement } from '../model/statement-check.ts';
import { countdownText } from '../model/times.ts';
import { exactText, sameValue, valueText, withUnit } from '../model/values.ts';
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

export function ChangeForm({
  tag,
  onClose,
}: {
  readonly tag: TagView & { setpoint: Setpoint };
  readonly onClose: () => void;
}) {
  const gateway = useGateway();
  const session = useSession();
  const client = useQueryClient();
  const navigate = useNavigate();
  const link = useLink();
  const nowMs = useNow();
  const reading = useReading(tag);
  const rule = tag.setpoint;
  const timeZone = session.plant.timeZone;
  const [flow, dispatch] = useReducer(nextFlow, undefined, () => startFlow(reading.value, ''));
  const latest = useRef(flow);
  latest.current = flow;

  // The plant may move while the dialog is open: told at once, confirmed again before anything is signed.
  const moved = reading.value !== null && !sameValue(reading.value, flow.observed, rule.tolerance);
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

  const [breakGlass, setBreakGlass] = useState(false);
  const typed = checkTyped(tag, flow.typed, flow.observed);
  const unusable = link.kind !== 'live' || reading.mark !== 'ok';
  const asking = flow.stage === 'typing' || flow.stage === 'asking';
  const text = (value: Parameters<typeof valueText>[1]) => withUnit(exactText(tag, value), tag.unit);
  const newValue = flow.command?.value ?? (typed.kind === 'fine' ? typed.value : null);

  const ask = async (event: FormEvent) => {
    event.preventDefault();
    if (flow.stage !== 'typing' || typed.kind !== 'fine' || unusable || flow.movedTo !== undefined) return;
    if (reading.sourceTimeMs === null) return;
    dispatch({ kind: 'asking' });
    try {
      const asked = await gateway.api.ask({
        tagId: tag.id,
        value: typed.value,
        observed: { value: flow.observed, sourceTime: new Date(reading.sourceTimeMs).toISOString() },
        ...(breakGlass ? { breakGlass } : {}),
      });
      const { statement, requires, ...command } = asked;
      const check = checkStatement(statement, {
        breakGlass,
        tagId: tag.id,
        terminalId: gateway.terminal.id,
        value: typed.value,
        unit: tag.unit,
        observed: flow.observed,
        tolerance: rule.tolerance,
      });
      if (check.kind === 'changed' || check.kind === 'foreign') void gateway.api.withdraw(asked.id).catch(() => {});
      dispatch({ kind: 'asked', command, offer: { statement, requires, expiresAt: statement.expiresAt }, check });
    } catch (error) {
      const changed = error instanceof Refused && error.problem.code === 'value-changed';
      const current = changed ? error.problem.current : undefined;
      dispatch({
        kind: 'ask-refused',
        explanation: explainError(error),
        current: typeof current === typeof flow.observed ? (current as typeof flow.observed) : undefined,
      });
    }
  };

  const sign = async (person: SignaturePerson) => {
    const { command, offer } = flow;
    if (command === null || offer === null) return;
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

  const leftMs = flow.offer === null ? null : Date.parse(flow.offer.expiresAt) - nowMs;
  return (
    <>
      <header className="cs-dialog-head">
        <div>
          <small>{tag.id}</small>
          <h2>{tag.description}</h2>
        </div>
        <button type="button" aria-label="Close" className="cs-close" onClick={onClose}>
          <IconX aria-hidden="true" />
        </button>
      </header>
      {!rule.allowed && (
        <div className="cs-dialog-body" data-single="true">
          <p className="cs-notice" data-tone="attention" role="alert">
            <span>
              <strong>You cannot change this here.</strong> {rule.refusal}
            </span>
          </p>
          <PresentValue tag={tag} reading={reading} />
        </div>
      )}
      {rule.allowed && flow.stage !== 'following' && (
        <div className="cs-dialog-body">
          <form className="cs-change" onSubmit={ask} aria-label="Change">
            <PresentValue tag={tag} reading={reading} observed={flow.observed} />
            <SetpointField
              tag={tag}
              typed={flow.typed}
              checked={typed}
              observed={flow.observed}
              disabled={!asking}
              onType={(entered) => dispatch({ kind: 'typed', text: entered })}
            />
            <p id="new-value-note" className="cs-value-note" data-wrong={typed.kind === 'wrong'} aria-live="polite">
              {typed.kind === 'wrong' ? typed.text : limitsText(tag, rule)}
            </p>
            <LimitScale tag={tag} observed={flow.observed} value={newValue} />
            <div className="cs-consequence">
              <strong>What will happen</strong>
              <p>{rule.consequence}</p>
              {rule.signatures > 1 && !breakGlass && (
                <p>{rule.signatures} different people have to sign before it is sent.</p>
              )}
              {rule.breakGlass === true && (
                <Checkbox
                  size="md"
                  checked={breakGlass}
                  disabled={!asking}
                  onChange={(event) => setBreakGlass(event.currentTarget.checked)}
                  label="Break-glass: nobody can countersign now"
                  description="Sent on your signature alone, with user name, password and a comment. It is shown everywhere until the others have signed."
                />
              )}
            </div>
            <PermissiveList permissives={rule.permissives ?? []} />
            {flow.movedTo !== undefined && (
              <div className="cs-notice" data-tone="attention" role="alert">
                <div>
                  <strong>The value changed while this was open.</strong>
                  <p>
                    You saw {text(flow.observed)}; the plant now has {text(flow.movedTo)}.
                  </p>
                  <Button
                    size="sm"
                    variant="default"
                    onClick={() => {
                      withdraw(flow);
                      dispatch({ kind: 'move-noted' });
                    }}
                  >
                    Go on from {text(flow.movedTo)}
                  </Button>
                </div>
              </div>
            )}
            {flow.refusal !== null && <RefusalNotice explanation={flow.refusal} />}
            {unusable && (
              <p className="cs-notice" data-tone="attention" role="alert">
                {link.kind !== 'live'
                  ? 'The page has no live connection to the gateway.'
                  : `The present value is not good (${reading.word}).`}{' '}
                Nothing can be asked for now.
              </p>
            )}
            {asking && (
              <div className="cs-actions">
                <Button variant="default" onClick={onClose}>
                  Cancel
                </Button>
                <Button
                  type="submit"
                  loading={flow.stage === 'asking'}
                  disabled={typed.kind !== 'fine' || unusable || flow.movedTo !== undefined}
                  rightSection={<IconArrowRight size={18} aria-hidden="true" />}
                >
                  Continue to sign
                </Button>
              </div>
            )}
          </form>
          <section className="cs-sign" aria-label="Sign" data-waiting={asking}>
            {asking || flow.offer === null || flow.command === null ? (
              <p className="cs-muted">The gateway checks the value first. Then you sign here, with a reason.</p>
            ) : (
              <>
                <div className="cs-to-sign">
                  <small>To be signed{leftMs !== null && `, within ${countdownText(leftMs)}`}</small>
                  <p>
                    <span>{text(flow.command.observed.value)}</span>
                    <IconArrowRight size={20} aria-label="to" />
                    <strong>{text(flow.command.value)}</strong>
                  </p>
                  {flow.rounded !== undefined && (
                    <p className="cs-rounded" role="alert">
                      You typed {flow.typed}. The device will hold {text(flow.rounded)}: that is what you sign.
                    </p>
                  )}
                </div>
                <SignatureForm
                  requires={flow.offer.requires}
                  sessionUser={session.user}
                  busy={flow.stage === 'sending'}
                  disabled={link.kind !== 'live' || flow.movedTo !== undefined || (leftMs !== null && leftMs <= 0)}
                  submitLabel={flow.offer.requires.countersignatures > 0 ? 'Sign' : 'Sign and send'}
                  onSign={(person) => void sign(person)}
                  secondary={
                    <Button
                      variant="default"
                      onClick={() => {
                        withdraw(flow);
                        dispatch({ kind: 'back' });
                      }}
                    >
                      Back
                    </Button>
                  }
                />
              </>
            )}
          </section>
        </div>
      )}
      {flow.stage === 'following' && flow.command !== null && (
        <div className="cs-dialog-body" data-single="true">
          <p className="cs-fate-value">
            {text(flow.command.observed.value)} <IconArrowRight size={20} aria-label="to" />{' '}
            <strong>{text(flow.command.value)}</strong>
            <span className="cs-muted">now {withUnit(reading.text, tag.unit)}</span>
          </p>
          <CommandFate command={flow.command} timeZone={timeZone} />
          <div className="cs-actions">
            <Button
              variant="default"
              onClick={() => {
                const id = flow.command?.id;
                onClose();
                if (id !== undefined) void navigate({ to: '/commands/$id', params: { id } });
              }}
            >
              {flow.command.state === 'awaiting-countersignature' ? 'Countersign here' : 'Show the command'}
            </Button>
            <Button onClick={onClose} data-autofocus autoFocus>
              {isClosed(flow.command.state) ? 'Close' : 'Close, it goes on'}
            </Button>
          </div>
        </div>
      )}
    </>
  );
}

/** `45 s`, `10 min`. */
function spanText(seconds: number): string {
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}

function limitsText(tag: TagView, rule: Setpoint): string {
  const parts: string[] = [];
  const text = (value: number) => valueText(tag, value);
  if (tag.states === null && rule.min !== null && rule.max !== null)
    parts.push(`${text(rule.min)} to ${withUnit(text(rule.max), tag.unit)}`);
  if (rule.maxStep !== null) parts.push(`at most ${withUnit(String(rule.maxStep), tag.unit)} at once`);
  if (rule.rate != null)
    parts.push(`${withUnit(String(rule.rate.max), tag.unit)} in ${spanText(rule.rate.withinSeconds)}`);
  if (rule.minIntervalSeconds != null) parts.push(`once in ${spanText(rule.minIntervalSeconds)}`);
  if (rule.resolution !== null) parts.push(`in steps of ${rule.resolution}`);
  return parts.join(' · ');
}
