// What deserves a look in the period that was chosen (AUD-8): reasons and counts, the records with their comments, and the way
// to the signature. Shown by the review page; a comment is a record of its own as soon as it is given.
import { Button, Textarea } from '@mantine/core';
import { IconMessage } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, Fragment, useState } from 'react';
import {
  type FindingCode,
  type Findings,
  findingCodes,
  type Review,
  type ReviewComment,
  type ReviewScope,
} from '../../gateway/contract/review.ts';
import { RecordFactCells, RecordPlaceCells } from '../components/record-cells.tsx';
import { RecordDetail } from '../components/record-detail.tsx';
import { RecordMessage } from '../components/record-message.tsx';
import { RefusalNotice } from '../components/refusal-notice.tsx';
import { useGateway, useLink, useSession } from '../gateway-context.ts';
import { kindText } from '../model/audit-words.ts';
import { type Explanation, explainError } from '../model/refusal-words.ts';
import { findingWords, recordsText } from '../model/review-words.ts';
import { timeText } from '../model/times.ts';
import { messagesQuery, tagsQuery } from '../queries.ts';
import { ReviewSigning } from './review-signing.tsx';

export function ReviewFindings(props: {
  readonly scope: ReviewScope;
  readonly found: Findings;
  readonly onSigned: (review: Review) => void;
}) {
  const { found } = props;
  const gateway = useGateway();
  const session = useSession();
  const link = useLink();
  const { timeZone } = session.plant;
  const tags = useQuery(tagsQuery(gateway));
  const words = useQuery(messagesQuery(gateway)).data ?? { languages: [], records: {} };
  const [only, setOnly] = useState<FindingCode | null>(null);
  const [opened, setOpened] = useState<number | null>(null);
  const [comments, setComments] = useState<readonly ReviewComment[]>(found.comments);
  const [signing, setSigning] = useState(false);
  const shown = found.findings.filter(({ codes }) => only === null || codes.includes(only));
  const own = found.byPerson[session.user.id] ?? 0;
  const shapeOf = (subject: string) => tags.data?.find((tag) => tag.id === subject);

  return (
    <>
      <div className="cs-page-head">
        <h2 style={{ marginRight: 'auto' }}>
          {headline(found.findings.length)}
          <small className="cs-review-of"> of {recordsText(found.records)} records in the period</small>
        </h2>
        <Button disabled={found.first === null || link.kind !== 'live'} onClick={() => setSigning(true)}>
          Sign the review
        </Button>
      </div>
      {own > 0 && (
        <p className="cs-notice" data-tone="attention" role="status">
          <span>
            <strong>{own} of them are your own acts.</strong> Somebody else should look at these; the signature names
            whose acts were reviewed.
          </span>
        </p>
      )}
      {found.findings.length > 0 && (
        <>
          <fieldset className="cs-review-codes">
            <legend className="cs-visually-hidden">Show only</legend>
            {findingCodes
              .filter((code) => (found.counts[code] ?? 0) > 0)
              .map((code) => (
                <button
                  key={code}
                  type="button"
                  aria-pressed={only === code}
                  onClick={() => setOnly(only === code ? null : code)}
                >
                  {findingWords[code]} <b>{found.counts[code]}</b>
                </button>
              ))}
          </fieldset>
          <div className="cs-table-frame">
            <table className="cs-table">
              <thead>
                <tr>
                  {['No.', 'Time', 'What', 'Why', 'Who and where', 'Subject', 'Change', 'Reason'].map((label) => (
                    <th key={label} className={label === 'No.' ? 'cs-right' : undefined}>
                      <span>{label}</span>
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {shown.map(({ record, codes }) => {
                  const isOpen = opened === record.seq;
                  const own = comments.filter((comment) => comment.record === record.seq);
                  return (
                    <Fragment key={record.seq}>
                      <tr>
                        <RecordPlaceCells record={record} timeZone={timeZone} />
                        <td>
                          <button
                            type="button"
                            className="cs-link-row"
                            aria-expanded={isOpen}
                            onClick={() => setOpened(isOpen ? null : record.seq)}
                          >
                            {kindText(record.kind)}
                          </button>
                          {own.length > 0 && (
                            <span className="cs-review-commented">
                              <IconMessage size={16} aria-hidden="true" /> {own.length}
                              <span className="cs-visually-hidden"> comments</span>
                            </span>
                          )}
                          <RecordMessage record={record} words={words} language={words.languages[0] ?? 'en'} />
                        </td>
                        <td>{codes.map((code) => findingWords[code]).join(', ')}</td>
                        <RecordFactCells record={record} shape={shapeOf(record.subject)} />
                      </tr>
                      {isOpen && (
                        <tr>
                          <td colSpan={8}>
                            <Comments
                              record={record.seq}
                              comments={own}
                              onComment={(comment) => setComments([...comments, comment])}
                            />
                            <RecordDetail record={record} shape={shapeOf(record.subject)} timeZone={timeZone} />
                          </td>
                        </tr>
                      )}
                    </Fragment>
                  );
                })}
              </tbody>
            </table>
          </div>
        </>
      )}
      {signing && <ReviewSigning scope={props.scope} onClose={() => setSigning(false)} onSigned={props.onSigned} />}
    </>
  );
}

function headline(findings: number): string {
  if (findings === 0) return 'Nothing stands out';
  return findings === 1 ? 'One deserves a look' : `${findings} deserve a look`;
}

function Comments(props: {
  readonly record: number;
  readonly comments: readonly ReviewComment[];
  readonly onComment: (comment: ReviewComment) => void;
}) {
  const gateway = useGateway();
  const link = useLink();
  const { timeZone } = useSession().plant;
  const [text, setText] = useState('');
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Explanation | null>(null);
  const send = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setRefusal(null);
    try {
      props.onComment(await gateway.api.reviewComment(props.record, text.trim().replaceAll(/\s+/g, ' ')));
      setText('');
    } catch (error) {
      setRefusal(explainError(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="cs-review-comments">
      {props.comments.map((comment) => (
        <p key={comment.comment}>
          <strong>{comment.by}</strong>{' '}
          <small>
            {timeText(comment.time, timeZone)}, record {comment.comment}
          </small>
          <br />
          {comment.text}
        </p>
      ))}
      {refusal !== null && <RefusalNotice explanation={refusal} />}
      <form onSubmit={(event) => void send(event)} aria-label={`Comment on record ${props.record}`}>
        <Textarea
          label="Comment on this record"
          rows={2}
          maxLength={2000}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Button type="submit" variant="default" loading={busy} disabled={text.trim() === '' || link.kind !== 'live'}>
          Comment
        </Button>
      </form>
    </div>
  );
}
