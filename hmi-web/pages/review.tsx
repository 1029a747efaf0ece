// Review of the audit trail (AUD-8): what nobody has reviewed, a period and scope to choose, what in it deserves a look, and
// the reviews that were signed. Loaded when opened, for whoever may review.
import { Button, Checkbox, NativeSelect, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { Review, ReviewScope, Unreviewed } from '../../gateway/contract/review.ts';
import { reviewTopics } from '../../gateway/contract/review.ts';
import { Listing } from '../components/listing.tsx';
import { LoadingPage } from '../components/loading-page.tsx';
import { RefusalNotice } from '../components/refusal-notice.tsx';
import { RowTime } from '../components/row-time.tsx';
import { useGateway, useLink, useSession } from '../gateway-context.ts';
import { mayAnywhere } from '../model/permissions.ts';
import { explainError } from '../model/refusal-words.ts';
import {
  draftFor,
  mayHaveArea,
  type ReviewDraft,
  recordsText,
  scopeOf,
  topicWords,
  usualDraft,
} from '../model/review-words.ts';
import { plantTime } from '../model/times.ts';
import { areasQuery, reviewsQuery } from '../queries.ts';
import { ReviewFindings } from './review-findings.tsx';
import '../styles/pages.css';
import '../styles/review.css';

export function ReviewPage() {
  const session = useSession();
  if (!mayAnywhere(session, 'review'))
    return <p className="cs-page">You do not have the right to review the audit trail. Ask an administrator.</p>;
  return <Reviewing />;
}

function Reviewing() {
  const gateway = useGateway();
  const { timeZone } = useSession().plant;
  const link = useLink();
  const client = useQueryClient();
  const reviews = useQuery(reviewsQuery(gateway));
  const areas = useQuery(areasQuery(gateway)).data ?? [];
  const [draft, setDraft] = useState<ReviewDraft>(() => usualDraft(gateway.nowMs(), timeZone));
  const [wrong, setWrong] = useState<readonly string[]>([]);
  const [signed, setSigned] = useState<Review | null>(null);
  const look = useMutation({
    mutationFn: async (scope: ReviewScope) => ({ scope, found: await gateway.api.reviewFindings(scope) }),
  });
  const areaName = (id: string | null | undefined) => areas.find((area) => area.id === id)?.name ?? id ?? null;
  const set = (part: Partial<ReviewDraft>) => setDraft({ ...draft, ...part });
  const show = (wanted: ReviewDraft) => {
    setDraft(wanted);
    setSigned(null);
    const read = scopeOf(wanted, timeZone, gateway.nowMs());
    setWrong(read.ok ? [] : read.wrong);
    if (read.ok) look.mutate(read.scope);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    show(draft);
  };
  const done = (review: Review) => {
    setSigned(review);
    look.reset();
    void client.invalidateQueries({ queryKey: ['reviews'] });
  };

  return (
    <section className="cs-page">
      <h1>Review of the audit trail</h1>
      {signed !== null && (
        <p className="cs-card" role="status">
          <span>
            <strong>Review signed</strong>, record {signed.record}: {recordsText(signed.change.records)} records are
            reviewed.
          </span>
        </p>
      )}
      <form className="cs-card" onSubmit={submit} aria-label="Period and scope">
        <div className="cs-filters">
          <TextInput
            w={190}
            label={`From (${timeZone})`}
            placeholder="2026-01-31 14:00"
            spellCheck={false}
            value={draft.from}
            error={wrong.includes('from') ? 'YYYY-MM-DD hh:mm' : undefined}
            onChange={(event) => set({ from: event.currentTarget.value })}
          />
          <TextInput
            w={190}
            label="To"
            placeholder="now"
            spellCheck={false}
            value={draft.to}
            error={wrong.includes('to') ? 'YYYY-MM-DD hh:mm, or empty' : undefined}
            onChange={(event) => set({ to: event.currentTarget.value })}
          />
          <NativeSelect
            label="Area"
            w={190}
            value={mayHaveArea(draft.topics) ? (draft.area ?? '') : ''}
            disabled={!mayHaveArea(draft.topics)}
            aria-describedby={mayHaveArea(draft.topics) ? undefined : 'review-area-why'}
            onChange={(event) => set({ area: areas.find(({ id }) => id === event.currentTarget.value)?.id ?? null })}
            data={[{ value: '', label: 'All areas' }, ...areas.map(({ id, name }) => ({ value: id, label: name }))]}
          />
          <Button type="submit" loading={look.isPending} disabled={link.kind !== 'live'}>
            Show what deserves a look
          </Button>
        </div>
        {!mayHaveArea(draft.topics) && (
          <p id="review-area-why" className="cs-muted">
            Area is for commands and events alone: people, terminals, gateway and log belong to the whole plant. Take
            those topics out to choose an area.
          </p>
        )}
        <fieldset className="cs-review-topics">
          <legend className="cs-visually-hidden">Topics</legend>
          {reviewTopics.map((topic) => (
            <Checkbox
              key={topic}
              label={topicWords[topic]}
              checked={draft.topics.includes(topic)}
              onChange={(event) =>
                set({
                  topics: reviewTopics.filter((other) =>
                    other === topic ? event.currentTarget.checked : draft.topics.includes(other),
                  ),
                })
              }
            />
          ))}
          {wrong.includes('topics') && <span className="cs-field-error">Choose at least one topic.</span>}
        </fieldset>
      </form>
      {look.error !== null && <RefusalNotice explanation={explainError(look.error)} />}
      {look.data !== undefined && !look.isPending && (
        <ReviewFindings key={look.submittedAt} scope={look.data.scope} found={look.data.found} onSigned={done} />
      )}
      {reviews.data === undefined ? (
        <LoadingPage error={reviews.error} />
      ) : (
        <>
          <NeverReviewed
            gaps={reviews.data.unreviewed}
            areaName={areaName}
            onReview={(gap) => show(draftFor(gap, timeZone, gateway.nowMs()))}
          />
          <SignedReviews reviews={reviews.data.reviews} areaName={areaName} />
        </>
      )}
    </section>
  );
}

type AreaName = (id: string | null | undefined) => string | null;

function NeverReviewed(props: {
  readonly gaps: readonly Unreviewed[];
  readonly areaName: AreaName;
  readonly onReview: (gap: Unreviewed) => void;
}) {
  const { timeZone } = useSession().plant;
  const link = useLink();
  if (props.gaps.length === 0)
    return (
      <>
        <h2>Never reviewed</h2>
        <p className="cs-muted">Every record is covered by a signed review.</p>
      </>
    );
  return (
    <>
      <h2>Never reviewed</h2>
      <Listing labels={['Topic', 'Area', 'First record', 'Last record', 'Records', '']}>
        {props.gaps.map((gap) => (
          <tr key={`${gap.topic} ${gap.area} ${gap.first}`}>
            <td>{topicWords[gap.topic]}</td>
            <td>{props.areaName(gap.area) ?? <span className="cs-muted">–</span>}</td>
            <td>
              <Place time={gap.from} record={gap.first} timeZone={timeZone} />
            </td>
            <td>
              <Place time={gap.to} record={gap.last} timeZone={timeZone} />
            </td>
            <td>{recordsText(gap.records)}</td>
            <td className="cs-right">
              <Button size="sm" variant="default" disabled={link.kind !== 'live'} onClick={() => props.onReview(gap)}>
                Review
              </Button>
            </td>
          </tr>
        ))}
      </Listing>
    </>
  );
}

function SignedReviews({ reviews, areaName }: { readonly reviews: readonly Review[]; readonly areaName: AreaName }) {
  const { timeZone } = useSession().plant;
  if (reviews.length === 0) return null;
  return (
    <>
      <h2>Signed reviews</h2>
      <Listing labels={['Signed', 'Reviewer', 'Period', 'Scope', 'Records', 'Findings', 'Conclusion']}>
        {reviews.map(({ record, time, reviewer, change, conclusion }) => (
          <tr key={record}>
            <td>
              <Place time={time} record={record} timeZone={timeZone} />
            </td>
            <td>{reviewer.printedName}</td>
            <td style={{ whiteSpace: 'nowrap' }}>
              <RowTime time={change.from} timeZone={timeZone} />
              <small>
                to <RowTime time={change.to} timeZone={timeZone} />
              </small>
            </td>
            <td>
              {change.topics.map((topic) => topicWords[topic]).join(', ')}
              <small>{areaName(change.area) ?? 'All areas'}</small>
            </td>
            <td>{recordsText(change.records)}</td>
            <td>
              {Object.values(change.findings).reduce((sum, count) => sum + (count ?? 0), 0)}
              {change.comments > 0 && <small style={{ whiteSpace: 'nowrap' }}>{change.comments} commented</small>}
            </td>
            <td className="cs-reason">{conclusion}</td>
          </tr>
        ))}
      </Listing>
    </>
  );
}

function Place(props: { readonly time: string; readonly record: number; readonly timeZone: string }) {
  const { local, offset } = plantTime(props.time, props.timeZone);
  return (
    <span style={{ whiteSpace: 'nowrap' }} title={props.time}>
      {local}
      <small>
        {offset}, no. {props.record}
      </small>
    </span>
  );
}
