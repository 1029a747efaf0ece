// A signed action that is no process command: about a terminal (TRM-1, TRM-4), an account (IDN-3), a machine's access token
// (CMD-10). Opened by the administration page. Shows the statement as the gateway made it, and signs exactly that; what a
// signature brings forth once (a token, a code) stays in view until it is put away.
import { Button, Modal } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Offer } from '../../gateway/contract/statement.ts';
import { FullTime } from '../components/full-time.tsx';
import { RefusalNotice } from '../components/refusal-notice.tsx';
import { useReturnFocus } from '../components/return-focus.ts';
import { SignatureForm } from '../components/signature-form.tsx';
import { type SignaturePerson, signatureBody } from '../gateway-client/command-signing.ts';
import { useGateway, useLink, useSession } from '../gateway-context.ts';
import { jsonText } from '../model/audit-words.ts';
import { type Explanation, explainError } from '../model/refusal-words.ts';
import { ActionPreparation } from './action-preparation.tsx';
import { offerOf, type ShownOnce, type SignedAction, signatureOf, titleOf } from './signed-action.ts';
import '../styles/dialog.css';

export function ActionDialog({ action, onClose }: { readonly action: SignedAction; readonly onClose: () => void }) {
  const gateway = useGateway();
  const session = useSession();
  const link = useLink();
  const client = useQueryClient();
  useReturnFocus();
  const [offer, setOffer] = useState<Offer | null>(null);
  const [shown, setShown] = useState<ShownOnce | null>(null);
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Explanation | null>(null);

  const attempt = async (task: () => Promise<void>) => {
    setBusy(true);
    setRefusal(null);
    try {
      await task();
    } catch (error) {
      setRefusal(explainError(error));
    } finally {
      setBusy(false);
    }
  };
  const prepare = (change: Record<string, unknown> | null) =>
    attempt(async () => setOffer(await offerOf(gateway.api, action, change)));
  const sign = (person: SignaturePerson) =>
    attempt(async () => {
      if (offer === null) return;
      const once = await signatureOf(gateway.api, action, await signatureBody(gateway, offer, person));
      await client.invalidateQueries({ queryKey: [action.noun] });
      if (action.noun === 'passkeys') void client.invalidateQueries({ queryKey: ['users'] });
      void client.invalidateQueries({ queryKey: ['session'] });
      void client.invalidateQueries({ queryKey: ['sessions'] });
      if (once === null) onClose();
      else setShown(once);
    });

  return (
    <Modal
      opened
      onClose={onClose}
      size={620}
      closeOnClickOutside={false}
      closeOnEscape={shown === null}
      title={<strong>{titleOf(action)}</strong>}
    >
      {refusal !== null && <RefusalNotice explanation={refusal} />}
      {shown !== null && <Once shown={shown} timeZone={session.plant.timeZone} onClose={onClose} />}
      {shown === null && offer === null && (
        <ActionPreparation action={action} busy={busy} onClose={onClose} onReady={(change) => void prepare(change)} />
      )}
      {shown === null && offer !== null && (
        <>
          <div className="cs-to-sign">
            <small>To be signed</small>
            <p>{offer.statement.description}</p>
            {'change' in offer.statement && (
              <dl className="cs-facts">
                {Object.entries(offer.statement.change).map(([name, value]) => (
                  <div key={name} style={{ display: 'contents' }}>
                    <dt>{name}</dt>
                    <dd>{Array.isArray(value) ? value.map(jsonText).join(', ') : jsonText(value)}</dd>
                  </div>
                ))}
              </dl>
            )}
          </div>
          <SignatureForm
            requires={offer.requires}
            sessionUser={session.user}
            busy={busy}
            refused={refusal}
            disabled={link.kind !== 'live'}
            submitLabel={action.name === 'remove-passkey' ? 'Sign and take it away' : `Sign and ${action.name}`}
            onSign={(person) => void sign(person)}
            secondary={
              <Button variant="default" onClick={onClose}>
                Cancel
              </Button>
            }
          />
        </>
      )}
    </Modal>
  );
}

function Once(props: { readonly shown: ShownOnce; readonly timeZone: string; readonly onClose: () => void }) {
  const [copied, setCopied] = useState(false);
  const { text, expiresAt } = props.shown;
  const copy = () => {
    navigator.clipboard.writeText(text).then(
      () => setCopied(true),
      // Where the browser gives no clipboard, it can still be selected and read.
      () => setCopied(false),
    );
  };
  return (
    <div className="cs-signature">
      <p className="cs-notice" data-tone="attention" role="status">
        <span>
          <strong>Shown this once.</strong> The gateway keeps its digest only. Valid until{' '}
          <FullTime time={expiresAt} timeZone={props.timeZone} />.
        </span>
      </p>
      <output className="cs-once" aria-label="Shown once">
        <code>{text}</code>
      </output>
      <div className="cs-actions">
        <Button variant="default" onClick={copy}>
          {copied ? 'Copied' : 'Copy'}
        </Button>
        <Button onClick={props.onClose}>I have it; put it away</Button>
      </div>
    </div>
  );
}
