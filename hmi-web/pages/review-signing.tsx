// Signs the review of a period (AUD-8): shows what the statement says in words, and signs exactly that; the comment is the
// review's conclusion. Opened by the findings of the review page.
import { Button, Modal } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Review, ReviewChange, ReviewScope } from '../../gateway/contract/review.ts';
import { LoadingPage } from '../components/loading-page.tsx';
import { RefusalNotice } from '../components/refusal-notice.tsx';
import { useReturnFocus } from '../components/return-focus.ts';
import { SignatureForm } from '../components/signature-form.tsx';
import { type SignaturePerson, signatureBody } from '../gateway-client/command-signing.ts';
import { useGateway, useLink, useSession } from '../gateway-context.ts';
import { type Explanation, explainError, foreignStatement } from '../model/refusal-words.ts';
import { reviewChangeOf } from '../model/review-change.ts';
import { findingWords, recordsText, topicWords } from '../model/review-words.ts';
import { plantTime } from '../model/times.ts';
import '../styles/dialog.css';

export function ReviewSigning(props: {
  readonly scope: ReviewScope;
  readonly onClose: () => void;
  readonly onSigned: (review: Review) => void;
}) {
  const gateway = useGateway();
  const session = useSession();
  const link = useLink();
  const client = useQueryClient();
  useReturnFocus();
  const offer = useQuery({
    queryKey: ['review-offer', props.scope],
    queryFn: () => gateway.api.reviewOffer(props.scope),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  const change = offer.data === undefined ? null : reviewChangeOf(offer.data.statement);
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Explanation | null>(null);
  const sign = async (person: SignaturePerson) => {
    if (offer.data === undefined) return;
    setBusy(true);
    setRefusal(null);
    try {
      const review = await gateway.api.signReview(await signatureBody(gateway, offer.data, person));
      void client.invalidateQueries({ queryKey: ['session'] });
      props.onSigned(review);
    } catch (error) {
      setRefusal(explainError(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal
      opened
      onClose={props.onClose}
      size={620}
      closeOnClickOutside={false}
      title={<strong>Sign the review</strong>}
    >
      {refusal !== null && <RefusalNotice explanation={refusal} />}
      {offer.data === undefined ? (
        <LoadingPage error={offer.error} />
      ) : change === null ? (
        <RefusalNotice explanation={foreignStatement} />
      ) : (
        <>
          <ToSign change={change} timeZone={session.plant.timeZone} />
          <p className="cs-muted cs-review-hint">The comment is the conclusion of the review.</p>
          <SignatureForm
            requires={offer.data.requires}
            sessionUser={session.user}
            busy={busy}
            refused={refusal}
            disabled={link.kind !== 'live'}
            submitLabel="Sign the review"
            onSign={(person) => void sign(person)}
            secondary={
              <Button variant="default" onClick={props.onClose}>
                Cancel
              </Button>
            }
          />
        </>
      )}
    </Modal>
  );
}

function ToSign({ change, timeZone }: { readonly change: ReviewChange; readonly timeZone: string }) {
  const time = (text: string) => {
    const { local, offset } = plantTime(text, timeZone);
    return `${local} ${offset}`;
  };
  const findings = Object.entries(findingWords).flatMap(([code, words]) => {
    const count = change.findings[code as keyof typeof findingWords] ?? 0;
    return count === 0 ? [] : [`${words} ${count}`];
  });
  const rows: readonly (readonly [string, string])[] = [
    ['Period', `${time(change.from)} to ${time(change.to)}`],
    ['Topics', change.topics.map((topic) => topicWords[topic]).join(', ')],
    ['Area', change.area ?? 'all areas'],
    ['Records', `${recordsText(change.records)}, numbers ${change.first} to ${change.last}`],
    ['Findings', findings.length === 0 ? 'none' : findings.join(', ')],
    ['Comments', String(change.comments)],
    ['Acts of', Object.keys(change.byPerson).join(', ') || 'nobody'],
    ['Log', `${change.checkpoint.size} records, root ${change.checkpoint.root}`],
  ];
  return (
    <div className="cs-to-sign">
      <small>To be signed</small>
      <dl className="cs-facts">
        {rows.map(([name, text]) => (
          <div key={name} style={{ display: 'contents' }}>
            <dt>{name}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
