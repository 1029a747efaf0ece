// The audit trail: filters, pages from the newest on, details, export. Loaded when opened. Each opened view is itself
// recorded by the gateway, so the page asks only when a person does.
import { Button, NativeSelect, TextInput } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { type FormEvent, Fragment, useState } from 'react';
import { LoadingPage } from '../components/loading-page.tsx';
import { RecordDetail } from '../components/record-detail.tsx';
import { RecordMessage } from '../components/record-message.tsx';
import { RefusalNotice } from '../components/refusal-notice.tsx';
import { useGateway, useSession } from '../gateway-context.ts';
import {
  type AuditFilter,
  actorText,
  auditQuery,
  changeText,
  isPlainChange,
  kindText,
  languageName,
  noFilter,
  reasonText,
  unreadableTimes,
} from '../model/audit-words.ts';
import { mayAnywhere } from '../model/permissions.ts';
import { type Explanation, explainError } from '../model/refusal-words.ts';
import { plantTime } from '../model/times.ts';
import { messagesQuery, tagsQuery } from '../queries.ts';
import { recordKinds } from '../texts/en.ts';
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
  const [exporting, setExporting] = useState(false);
  const pages = useInfiniteQuery({
    queryKey: ['audit', filter],
    queryFn: ({ pageParam }) => gateway.api.audit(auditQuery(filter, timeZone, { limit: pageSize, after: pageParam })),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
    // Every question to the log is a record of its own: asked once a view, and again only when a person says so.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  const tags = useQuery(tagsQuery(gateway));
  const words = useQuery(messagesQuery(gateway)).data ?? { languages: [], records: {} };
  const [chosenLanguage, setLanguage] = useState<string | null>(null);
  const language = chosenLanguage ?? words.languages[0] ?? 'en';
  const shapeOf = (subject: string) => tags.data?.find((tag) => tag.id === subject);
  const unreadable = unreadableTimes(draft, timeZone);
  const records = pages.data?.pages.flatMap((page) => page.records) ?? [];
  const set = (part: Partial<AuditFilter>) => setDraft({ ...draft, ...part });
  const apply = (event: FormEvent) => {
    event.preventDefault();
    if (unreadable.length > 0) return;
    if (JSON.stringify(draft) === JSON.stringify(filter)) void pages.refetch();
    else setFilter(draft);
  };
  const narrow = (part: Partial<AuditFilter>) => {
    setDraft({ ...filter, ...part });
    setFilter({ ...filter, ...part });
  };
  const download = async (format: 'csv' | 'jsonl') => {
    setRefusal(null);
    setExporting(true);
    try {
      const blob = await gateway.api.auditExport(auditQuery(filter, timeZone, { format }));
      const link = document.createElement('a');
      link.href = URL.createObjectURL(blob);
      link.download = `audit-trail-${new Date(gateway.nowMs()).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z.${format}`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    } catch (error) {
      setRefusal(explainError(error));
    } finally {
      setExporting(false);
    }
  };

  return (
    <section className="cs-page">
      <div className="cs-page-head">
        <h1>Audit trail</h1>
        {mayAnywhere(session, 'export-audit') &&
          (['csv', 'jsonl'] as const).map((format) => (
            <Button
              key={format}
              variant="default"
              loading={exporting}
              leftSection={<IconDownload size={18} aria-hidden="true" />}
              onClick={() => void download(format)}
            >
              {format === 'csv' ? 'CSV' : 'JSON Lines'}
            </Button>
          ))}
      </div>
      <form className="cs-filters" onSubmit={apply} aria-label="Filter">
        {(['from', 'to'] as const).map((field) => (
          <TextInput
            key={field}
            w={176}
            label={field === 'from' ? `From (${timeZone})` : 'To'}
            placeholder="2026-01-31 14:00"
            spellCheck={false}
            value={draft[field]}
            error={unreadable.includes(field) ? 'YYYY-MM-DD hh:mm' : undefined}
            onChange={(event) => set({ [field]: event.currentTarget.value })}
          />
        ))}
        <NativeSelect
          label="Kind"
          value={draft.kind}
          onChange={(event) => set({ kind: event.currentTarget.value })}
          data={[
            { value: '', label: 'All kinds' },
            ...Object.entries(recordKinds).map(([value, label]) => ({ value, label: `${label} (${value})` })),
          ]}
          style={{ width: 170 }}
        />
        <TextInput
          label="Person"
          placeholder="user name"
          value={draft.actor}
          onChange={(event) => set({ actor: event.currentTarget.value })}
          style={{ width: 120 }}
        />
        <TextInput
          label="Tag or subject"
          value={draft.tag}
          onChange={(event) => set({ tag: event.currentTarget.value })}
          style={{ width: 150 }}
        />
        <TextInput
          label="Terminal"
          placeholder="identification"
          value={draft.terminal}
          onChange={(event) => set({ terminal: event.currentTarget.value })}
          style={{ width: 130 }}
        />
        {words.languages.length > 1 && (
          <NativeSelect
            label="Messages in"
            value={language}
            onChange={(event) => setLanguage(event.currentTarget.value)}
            data={words.languages.map((value) => ({ value, label: languageName(value) }))}
            style={{ width: 136 }}
          />
        )}
        <Button type="submit" loading={pages.isFetching && !pages.isFetchingNextPage} style={{ minWidth: 90 }}>
          Show
        </Button>
        {filter.kind !== 'setpoint.unattributed' && (
          <Button variant="default" onClick={() => narrow({ kind: 'setpoint.unattributed' })}>
            Changed outside Countersign
          </Button>
        )}
        {JSON.stringify(filter) !== JSON.stringify(noFilter) && (
          <Button variant="default" onClick={() => narrow(noFilter)} style={{ minWidth: 90 }}>
            Clear
          </Button>
        )}
      </form>
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
                  const time = plantTime(record.time, timeZone);
                  const isOpen = opened === record.seq;
                  return (
                    <Fragment key={record.seq}>
                      <tr>
                        <td className="cs-right cs-muted">{record.seq}</td>
                        <td title={record.time} style={{ whiteSpace: 'nowrap' }}>
                          {time.local} <small>{time.offset}</small>
                        </td>
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
                        <td style={{ whiteSpace: 'nowrap' }}>
                          {actorText(record)}
                          {record.terminal !== null && <small>{record.terminal.name}</small>}
                        </td>
                        <td title={record.subject}>
                          <code>{record.subject.length > 22 ? `${record.subject.slice(0, 21)}…` : record.subject}</code>
                        </td>
                        <td style={{ whiteSpace: 'nowrap' }}>
                          {isPlainChange(record) ? (
                            changeText(record, shapeOf(record.subject))
                          ) : (
                            <span className="cs-muted">in the details</span>
                          )}
                        </td>
                        <td className="cs-reason">{reasonText(record)}</td>
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
