// Signing one command from its page: countersign, decline, or resolve an unknown outcome. Fetches the statement, shows
// it as it will be signed, and signs exactly that. Part of command.tsx.
import { Button } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { CommandView, StatementPurposeBody } from '../../gateway/contract/command.ts';
import type { Offer } from '../../gateway/contract/statement.ts';
import { RefusalNotice } from '../components/refusal-notice.tsx';
import { SignatureForm } from '../components/signature-form.tsx';
import { type SignaturePerson, signCommand } from '../gateway-client/command-signing.ts';
import { useGateway, useLink, useSession } from '../gateway-context.ts';
import { type Explanation, explainError, nothingSent } from '../model/refusal-words.ts';
import { noteCommand } from '../queries.ts';

const words = {
  sign: { title: 'Sign', button: 'Sign' },
  decline: { title: 'Decline', button: 'Sign and decline' },
  resolve: { title: 'Record what was found', button: 'Sign what was found' },
} as const;
const found = {
  reached: 'The plant was checked and has the new value.',
  'not-reached': 'The plant was checked and does not have the new value.',
  'cannot-be-told': 'The plant was checked; what became of the write cannot be told.',
} as const;

export function CommandSigning(props: {
  readonly command: CommandView;
  readonly purpose: StatementPurposeBody;
  readonly valueText: (value: CommandView['value']) => string;
  readonly onDone: () => void;
}) {
  const { command, purpose } = props;
  const gateway = useGateway();
  const client = useQueryClient();
  const session = useSession();
  const link = useLink();
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Explanation | null>(null);
  const [renewed, setRenewed] = useState<Offer | null>(null);
  const fetchOffer = () => gateway.api.commandOffer(command.id, purpose);
  const query = useQuery({
    queryKey: ['offer', command.id, purpose],
    queryFn: fetchOffer,
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const offer = renewed ?? query.data;
  const kind = purpose.purpose ?? 'sign';
  // Who has signed already cannot sign again: only somebody else may, in this person's session too (SIG-4).
  const signedAlready = command.signatures.some(
    (signature) => signature.signer === session.user.id || signature.signer === session.user.name,
  );

  // After break-glass, or once it was written, a refused signature says nothing about the plant.
  const unsent = ['asked', 'proposed', 'awaiting-countersignature'].includes(command.state);

  const sign = async (person: SignaturePerson) => {
    if (offer === undefined) return;
    setBusy(true);
    setRefusal(null);
    try {
      noteCommand(client, await signCommand(gateway, command.id, offer, person, fetchOffer, setRenewed));
      props.onDone();
    } catch (error) {
      setRefusal(explainError(error));
    } finally {
      setBusy(false);
      void client.invalidateQueries({ queryKey: ['session'] });
      void client.invalidateQueries({ queryKey: ['command', command.id] });
    }
  };

  return (
    <section className="cs-card" aria-label={words[kind].title}>
      <h2>{words[kind].title}</h2>
      {query.error !== null && (
        <>
          <RefusalNotice explanation={explainError(query.error)} />
          <div className="cs-actions">
            <Button variant="default" onClick={props.onDone}>
              Back
            </Button>
          </div>
        </>
      )}
      {offer !== undefined && (
        <>
          <div className="cs-to-sign">
            <small>To be signed</small>
            {'tag' in offer.statement ? (
              <p>
                <span>{offer.statement.description}:</span>
                <strong>
                  {props.valueText(offer.statement.observed.value)} → {props.valueText(offer.statement.value)}
                </strong>
              </p>
            ) : (
              <p>{offer.statement.description}</p>
            )}
            {kind === 'decline' && <p>Declined: nothing is written.</p>}
            {purpose.found !== undefined && <p>{found[purpose.found]}</p>}
          </div>
          {refusal !== null && <RefusalNotice explanation={unsent ? nothingSent(refusal) : refusal} />}
          <SignatureForm
            requires={offer.requires}
            sessionUser={session.user}
            otherPersonOnly={signedAlready && kind !== 'resolve'}
            busy={busy}
            refused={refusal}
            disabled={link.kind !== 'live'}
            submitLabel={words[kind].button}
            onSign={(person) => void sign(person)}
            secondary={
              <Button variant="default" onClick={props.onDone}>
                Back
              </Button>
            }
          />
        </>
      )}
    </section>
  );
}
