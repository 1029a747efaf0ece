// The inside of the change dialog: the value on the left, the signature on the right, nothing between them (HMI-3). Going
// over to the signature asks the gateway for the statement, so that it is in view before anything is signed.
// Rendered by change-dialog.tsx for one tag; change-steps.ts does what is asked here.
import { Button, Checkbox, Modal } from '@mantine/core';
import { IconArrowRight, IconX } from '@tabler/icons-react';
import { type FormEvent, useState } from 'react';
import type { TagView } from '../../gateway/contract/tag.ts';
import { LimitScale } from '../components/limit-scale.tsx';
import { PermissiveList } from '../components/permissive-list.tsx';
import { PresentValue } from '../components/present-value.tsx';
import { RefusalNotice } from '../components/refusal-notice.tsx';
import { SetpointField } from '../components/setpoint-field.tsx';
import { SignatureForm } from '../components/signature-form.tsx';
import { useLink, useNow, useReading, useSession } from '../gateway-context.ts';
import { limitsText } from '../model/limits-text.ts';
import { nothingSent } from '../model/refusal-words.ts';
import { onlyOtherState, type Setpoint } from '../model/setpoint-input.ts';
import { countdownText } from '../model/times.ts';
import { exactText, withUnit } from '../model/values.ts';
import { ChangeFollowed } from './change-followed.tsx';
import { useChangeSteps } from './change-steps.ts';

export function ChangeForm({
  tag,
  onClose,
}: {
  readonly tag: TagView & { setpoint: Setpoint };
  readonly onClose: () => void;
}) {
  const session = useSession();
  const link = useLink();
  const nowMs = useNow();
  const reading = useReading(tag);
  const rule = tag.setpoint;
  const [focusTurn, setFocusTurn] = useState(0);
  const [breakGlass, setBreakGlass] = useState(false);
  const usable = link.kind === 'live' && reading.mark === 'ok';
  const proposed = onlyOtherState(tag, reading.value) ?? '';
  const steps = useChangeSteps({ tag, reading, usable, breakGlass, proposed });
  const { flow, typed } = steps;
  const text = (value: Parameters<typeof exactText>[1]) => withUnit(exactText(tag, value), tag.unit);
  const newValue = flow.command?.value ?? (typed.kind === 'fine' ? typed.value : null);
  const requires = flow.offer?.requires ?? (breakGlass ? rule.signingAlone : rule.signing);
  const leftMs = flow.offer === null ? null : Date.parse(flow.offer.expiresAt) - nowMs;

  const goToSignature = (event: FormEvent) => {
    event.preventDefault();
    if (typed.kind !== 'fine' || !usable || flow.movedTo !== undefined) return;
    steps.ask(true);
    // What is to be filled in may still be on its way from the gateway.
    setFocusTurn((turn) => turn + 1);
  };

  return (
    <>
      <div className="cs-dialog-head">
        <div>
          <small>{tag.id}</small>
          <Modal.Title>{tag.description}</Modal.Title>
        </div>
        <button type="button" aria-label="Close" className="cs-close" onClick={onClose}>
          <IconX aria-hidden="true" />
        </button>
      </div>
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
          <form className="cs-change" onSubmit={goToSignature} aria-label="Change">
            <PresentValue tag={tag} reading={reading} observed={flow.observed} />
            <SetpointField
              tag={tag}
              typed={flow.typed}
              checked={typed}
              observed={flow.observed}
              disabled={flow.stage === 'asking' || flow.stage === 'sending'}
              onType={steps.type}
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
            </div>
            {rule.breakGlass === true && (
              <Checkbox
                size="md"
                checked={breakGlass}
                disabled={flow.stage !== 'typing' && flow.stage !== 'signing'}
                onChange={(event) => {
                  steps.takeBack();
                  setBreakGlass(event.currentTarget.checked);
                }}
                label="Break-glass: nobody can countersign now"
                description="Sent on your signature alone, with user name, password and a comment. It is shown everywhere until the others have signed."
              />
            )}
            <PermissiveList permissives={rule.permissives ?? []} />
            {flow.movedTo !== undefined && (
              <div className="cs-notice" data-tone="attention" role="alert">
                <div>
                  <strong>The value changed while this was open.</strong>
                  <p>
                    You saw {text(flow.observed)}; the plant now has {text(flow.movedTo)}.
                  </p>
                  <Button size="sm" variant="default" onClick={steps.noteMove}>
                    Go on from {text(flow.movedTo)}
                  </Button>
                </div>
              </div>
            )}
            {flow.refusal !== null && <RefusalNotice explanation={nothingSent(flow.refusal)} />}
            {!usable && (
              <p className="cs-notice" data-tone="attention" role="alert">
                {link.kind !== 'live'
                  ? 'The page has no live connection to the gateway.'
                  : `The present value is not good (${reading.word}).`}{' '}
                Nothing can be asked for now.
              </p>
            )}
            {/* Enter in the field goes on to the signature; a form of one field submits without a button, others do not. */}
            <button type="submit" className="cs-visually-hidden" tabIndex={-1} aria-hidden="true" />
          </form>
          <section
            className="cs-sign"
            aria-label="Sign"
            onFocus={() => {
              if (flow.stage === 'typing' && typed.kind === 'fine') steps.ask(false);
            }}
          >
            <div className="cs-to-sign" data-open={flow.offer === null}>
              <small>
                {flow.offer === null || leftMs === null
                  ? typed.kind === 'fine'
                    ? 'Checked by the gateway as soon as you go on here'
                    : 'The new value comes first'
                  : `To be signed, within ${countdownText(leftMs)}`}
              </small>
              <p>
                <span>{text(flow.command?.observed.value ?? flow.observed)}</span>
                <IconArrowRight size={20} aria-label="to" />
                <strong>{newValue === null ? '…' : text(newValue)}</strong>
              </p>
              {flow.rounded !== undefined && (
                <p className="cs-rounded" role="alert">
                  You typed {flow.typed}. The device will hold {text(flow.rounded)}: that is what you sign.
                </p>
              )}
            </div>
            {requires !== undefined && (
              <SignatureForm
                requires={requires}
                sessionUser={session.user}
                focusTurn={focusTurn}
                busy={flow.stage === 'sending'}
                refused={flow.stage === 'signing' ? flow.refusal : null}
                disabled={
                  !usable || flow.movedTo !== undefined || typed.kind !== 'fine' || (leftMs !== null && leftMs <= 0)
                }
                submitLabel={requires.countersignatures > 0 && !breakGlass ? 'Sign' : 'Sign and send'}
                onSign={(person) => void steps.sign(person)}
                secondary={
                  <Button variant="default" onClick={onClose}>
                    Cancel
                  </Button>
                }
              />
            )}
          </section>
        </div>
      )}
      {flow.stage === 'following' && flow.command !== null && (
        <ChangeFollowed tag={tag} command={flow.command} present={reading.text} onClose={onClose} />
      )}
    </>
  );
}
