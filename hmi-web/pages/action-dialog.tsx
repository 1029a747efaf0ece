// A signed action that is no process command: approve or revoke a terminal (TRM-1, TRM-4), unlock an account (IDN-3).
// Opened by the administration page. Shows the statement as the gateway made it, and signs exactly that.
import { Button, Checkbox, Modal, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { TerminalView } from '../../gateway/contract/session.ts';
import type { Offer } from '../../gateway/contract/statement.ts';
import type { AreaView } from '../../gateway/contract/tag.ts';
import { RefusalNotice } from '../components/refusal-notice.tsx';
import { useReturnFocus } from '../components/return-focus.ts';
import { SignatureForm } from '../components/signature-form.tsx';
import { type SignaturePerson, signatureBody } from '../gateway-client/command-signing.ts';
import { useGateway, useLink, useSession } from '../gateway-context.ts';
import { jsonText } from '../model/audit-words.ts';
import { type Explanation, explainError } from '../model/refusal-words.ts';
import '../styles/dialog.css';

export type SignedAction =
  | {
      readonly noun: 'terminals';
      readonly name: 'approve' | 'revoke';
      readonly id: string;
      readonly title: string;
      readonly areas: readonly AreaView[];
      readonly terminal: TerminalView;
    }
  | { readonly noun: 'users'; readonly name: 'unlock'; readonly id: string; readonly title: string };

const titles = { approve: 'Approve terminal', revoke: 'Revoke terminal', unlock: 'Unlock account' } as const;

export function ActionDialog({ action, onClose }: { readonly action: SignedAction; readonly onClose: () => void }) {
  const gateway = useGateway();
  const session = useSession();
  const link = useLink();
  const client = useQueryClient();
  useReturnFocus();
  const [offer, setOffer] = useState<Offer | null>(null);
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
  const prepare = (change: Record<string, unknown>) =>
    attempt(async () => setOffer(await gateway.api.actionOffer(action.noun, action.id, action.name, change)));
  const sign = (person: SignaturePerson) =>
    attempt(async () => {
      if (offer === null) return;
      await gateway.api.signAction(action.noun, action.id, await signatureBody(gateway, offer, person));
      await client.invalidateQueries({ queryKey: [action.noun] });
      void client.invalidateQueries({ queryKey: ['session'] });
      void client.invalidateQueries({ queryKey: ['sessions'] });
      onClose();
    });

  return (
    <Modal
      opened
      onClose={onClose}
      size={620}
      closeOnClickOutside={false}
      title={<strong>{`${titles[action.name]}: ${action.title}`}</strong>}
    >
      {refusal !== null && <RefusalNotice explanation={refusal} />}
      {offer === null ? (
        <Preparation action={action} busy={busy} onClose={onClose} onReady={(change) => void prepare(change)} />
      ) : (
        <>
          <div className="cs-to-sign">
            <small>To be signed</small>
            <p>{offer.statement.description}</p>
            {'change' in offer.statement && (
              <dl className="cs-facts">
                {Object.entries(offer.statement.change).map(([name, value]) => (
                  <div key={name} style={{ display: 'contents' }}>
                    <dt>{name}</dt>
                    <dd>{jsonText(value)}</dd>
                  </div>
                ))}
              </dl>
            )}
          </div>
          <SignatureForm
            requires={offer.requires}
            sessionUser={session.user}
            busy={busy}
            disabled={link.kind !== 'live'}
            submitLabel={`Sign and ${action.name}`}
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

function Preparation(props: {
  readonly action: SignedAction;
  readonly busy: boolean;
  readonly onClose: () => void;
  readonly onReady: (change: Record<string, unknown>) => void;
}) {
  const { action } = props;
  const [location, setLocation] = useState(action.noun === 'terminals' ? action.terminal.location : '');
  const [areas, setAreas] = useState<readonly string[]>(action.noun === 'terminals' ? action.terminal.areas : []);
  const [networks, setNetworks] = useState(action.noun === 'terminals' ? action.terminal.networks.join(', ') : '');
  const [actionTaken, setActionTaken] = useState('');
  const approving = action.name === 'approve';
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (action.name === 'revoke') return props.onReady({});
    if (action.name === 'unlock') return props.onReady({ actionTaken: actionTaken.trim() });
    const list = networks.split(/[\s,;]+/).filter((network) => network !== '');
    if (areas.length > 0 && list.length > 0) props.onReady({ location: location.trim(), areas, networks: list });
  };
  return (
    <form onSubmit={submit} className="cs-signature">
      {action.name === 'approve' && (
        <>
          <p>
            Compare this identification with the one on the terminal’s own screen:{' '}
            <code className="cs-break">{action.id}</code>
          </p>
          <TextInput
            label="Location"
            value={location}
            maxLength={120}
            onChange={(event) => setLocation(event.currentTarget.value)}
          />
          <Checkbox.Group label="Areas" value={[...areas]} onChange={setAreas}>
            {action.areas.map((area) => (
              <Checkbox key={area.id} value={area.id} label={area.name} mt={8} size="md" />
            ))}
          </Checkbox.Group>
          <TextInput
            label="Networks"
            description="Addresses that it may call from, such as 10.20.0.0/16; separated by commas"
            value={networks}
            onChange={(event) => setNetworks(event.currentTarget.value)}
          />
        </>
      )}
      {action.name === 'revoke' && <p>The terminal can do nothing any more from now on; its sessions end at once.</p>}
      {action.name === 'unlock' && (
        <>
          <p>In the next step, say in the comment why the account was locked.</p>
          <TextInput
            label="Action taken"
            description="What was done about it"
            maxLength={200}
            value={actionTaken}
            onChange={(event) => setActionTaken(event.currentTarget.value)}
          />
        </>
      )}
      <div className="cs-actions">
        <Button variant="default" onClick={props.onClose}>
          Cancel
        </Button>
        <Button
          type="submit"
          loading={props.busy}
          disabled={
            (approving && (areas.length === 0 || networks.trim() === '')) ||
            (action.name === 'unlock' && actionTaken.trim() === '')
          }
        >
          Continue to sign
        </Button>
      </div>
    </form>
  );
}
