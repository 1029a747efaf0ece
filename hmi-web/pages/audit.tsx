// The audit trail: filters, pages from the newest on, details, export. Loaded when opened. Each opened view is itself
// recorded by the gateway, so the page asks only when a person does.
import { Button, NativeSelect, Switch } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link, useSearch } from '@tanstack/react-router';
import { Fragment, useState } from 'react';
import { AuditFilters } from '../components/audit-filters.tsx';
import { ExportProgress } from '../components/export-progress.tsx';
import { LoadingPage } from '../components/loading-page.tsx';
import { LogVerificationLine } from '../components/log-verification.tsx';
import { RecordFactCells, RecordPlaceCells } from '../components/record-cells.tsx';
import { RecordDetail } from '../components/record-detail.tsx';
import { RecordMessage } from '../components/record-message.tsx';
import { RefusalNotice } from '../components/refusal-notice.tsx';
import { useGateway, useSession } from '../gateway-context.ts';
import {
  type AuditFilter,
  askedFilter,
  auditQuery,
  kindText,
  languageName,
  noFilter,
  unreadableTimes,
} from '../model/audit-words.ts';
import { mayAnywhere } from '../model/permissions.ts';
import { type Explanation, explainError } from '../model/refusal-words.ts';
import { areasQuery, messagesQuery, tagsQuery, verificationQuery } from '../queries.ts';
import { ExportMenu, useAuditExport } from './audit-export.tsx';
import { useAuditTail } from './audit-tail.ts';
import '../styles/pages.css';

const pageSize = 100;

export function AuditPage() {
  const gateway = useGateway();
  const session = useSession();
  const { timeZone } = session.plant;
  const wanted = useSearch({ from: '/audit' });
  const [draft, setDraft] = useState<AuditFilter>({ ...noFilter, ...wanted });
  const [filter, setFilter] = useState<AuditFilter>(draft);
  const [opened, setOpened] = useState<number | null>(null);
  const [refusal, setRefusal] = useState<Explanation | null>(null);
  const [following, setFollowing] = useState(false);
  const exporting = useAuditExport(setRefusal);
  const pages = useInfiniteQuery({
    queryKey: ['audit', filter],
    queryFn: ({ pageParam }) => gateway.api.audit(auditQuery(filter, timeZone, { limit: pageSize, after: pageParam })),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    // Every question to the log is a record of its own: asked once a view, and again only when a person says so.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  const areas = useQuery(areasQuery(gateway));
  const tags = useQuery(tagsQuery(gateway));
  const verification = useQuery(verificationQuery(gateway));
  const words = useQuery(messagesQuery(gateway)).data ?? { languages: [], records: {} };
  const [chosenLanguage, setLanguage] = useState<string | null>(null);
  const language = chosenLanguage ?? words.languages[0] ?? 'en';
  const shapeOf = (subject: string) => tags.data?.find((tag) => tag.id === subject);
  const unreadable = unreadableTimes(draft, timeZone);
  const paged = pages.data?.pages.flatMap((page) => page.records) ?? [];
  const view = JSON.stringify([filter, pages.data?.pages[0]?.records[0]?.seq, pages.dataUpdatedAt]);
  const tail = useAuditTail(view, pages.data === undefined ? null : (paged[0]?.seq ?? -1), following, (newer) =>
    auditQuery(filter, timeZone, { newer }),
  );
  const records = [...tail.records, ...paged];
  const set = (part: Partial<AuditFilter>) => setDraft({ ...draft, ...part });
  const show = () => {
    if (JSON.stringify(draft) === JSON.stringify(filter)) void pages.refetch();
    else setFilter(draft);
  };
  const narrow = (part: Partial<AuditFilter>) => {
    setDraft({ ...filter, ...part });
    setFilter({ ...filter, ...part });
  };
  return (
    <section className="cs-page">
      <div className="cs-page-head">
        <h1>Audit trail</h1>
        <Switch
          label="Live"
          description="adds new records as they come"
          checked={following}
          onChange={(event) => setFollowing(event.currentTarget.checked)}
        />
        <Link to="/log" className="cs-menu-entry">
          How the log is kept
        </Link>
        {mayAnywhere(session, 'export-audit') && (
          <ExportMenu onChoose={(format) => void exporting.begin(format, askedFilter(filter, timeZone))} />
        )}
      </div>
      {verification.data !== undefined && <LogVerificationLine view={verification.data} timeZone={timeZone} />}
      <AuditFilters
        draft={draft}
        shown={filter}
        timeZone={timeZone}
        areas={areas.data ?? []}
        unreadable={unreadable}
        busy={pages.isFetching && !pages.isFetchingNextPage}
        onChange={set}
        onShow={show}
        onNarrow={narrow}
      >
        {words.languages.length > 1 && (
          <NativeSelect
            label="Messages in"
            value={language}
            onChange={(event) => setLanguage(event.currentTarget.value)}
            data={words.languages.map((value) => ({ value, label: languageName(value) }))}
            style={{ width: 136 }}
          />
        )}
      </AuditFilters>
      {exporting.view !== null && (
        <ExportProgress view={exporting.view} onCancel={exporting.cancel} onClose={exporting.close} />
      )}
      {tail.error !== null && <RefusalNotice explanation={explainError(tail.error)} />}
      {refusal !== null && <RefusalNotice explanation={refusal} />}
      {pages.data === undefined ? (
        <LoadingPage error={pages.error} />
      ) : (
        <>
          {pages.error !== null && <RefusalNotice explanation={explainError(pages.error)} />}
          <div className="cs-table-frame">
            <table className="cs-table">
              <thead>
                <tr>
                  <th className="cs-right">
                    <span>No.</span>
                  </th>
                  {['Time', 'What', 'Who and where', 'Subject', 'Change', 'Reason'].map((label) => (
                    <th key={label}>
                      <span>{label}</span>
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {records.map((record) => {
                  const isOpen = opened === record.seq;
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
                          <RecordMessage record={record} words={words} language={language} />
                        </td>
                        <RecordFactCells record={record} shape={shapeOf(record.subject)} />
                      </tr>
                      {isOpen && (
                        <tr>
                          <td colSpan={7}>
                            <RecordDetail
                              record={record}
                              shape={shapeOf(record.subject)}
                              timeZone={timeZone}
                              onNarrow={narrow}
                            />
                          </td>
                        </tr>
                      )}
                    </Fragment>
                  );
                })}
              </tbody>
            </table>
            {records.length === 0 && <p className="cs-page cs-muted">No record matches this filter.</p>}
          </div>
          {pages.hasNextPage && (
            <Button variant="default" loading={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
              Older records
            </Button>
          )}
        </>
      )}
    </section>
  );
}
