// What may leave the database, and what has left it as a checked bundle (AUD-7). Part of the page of the log's keeping; it
// only shows: archiving is ordered with a signature over the API. Values in, nothing out.
import type { ArchiveList } from '../../gateway/contract/archive.ts';
import { timeText } from '../model/times.ts';
import { archiveStateWords } from '../texts/en.ts';
import { Listing } from './listing.tsx';

export function LogArchives({ list, timeZone }: { readonly list: ArchiveList; readonly timeZone: string }) {
  const { due, retentionDays, archives } = list;
  return (
    <>
      <dl className="cs-card cs-facts">
        <dt>Records stay</dt>
        <dd>
          commands and signatures {days(retentionDays.commands)}, access {days(retentionDays.access)}, operation{' '}
          {days(retentionDays.operation)}
        </dd>
        <dt>Due for archiving</dt>
        <dd>
          {due === null
            ? 'nothing is old enough'
            : `${due.records.toLocaleString('en')} records from no. ${due.first} to no. ${due.through}, the last of ${timeText(due.until, timeZone)}. An administrator signs for it (docs/retention.md).`}
        </dd>
      </dl>
      {archives.length > 0 && (
        <Listing labels={['Ordered as', 'Records', 'State', 'File in the archives’ folder']}>
          {archives.map((archive) => (
            <tr key={archive.ordered}>
              <td>no. {archive.ordered}</td>
              <td>
                no. {archive.first} to {archive.through}
                {archive.removed !== null && <small>{archive.removed.toLocaleString('en')} left the database</small>}
              </td>
              <td className="cs-standing">
                <span className="cs-state" data-tone={archive.state === 'failed' ? 'attention' : 'quiet'}>
                  {archiveStateWords[archive.state]}
                </span>
                {archive.trouble !== null && <small>{archive.trouble}</small>}
              </td>
              <td className="cs-reason">
                {archive.file ?? <span className="cs-muted">not written yet</span>}
                {archive.sha256 !== null && <small className="cs-break">SHA-256 {archive.sha256}</small>}
              </td>
            </tr>
          ))}
        </Listing>
      )}
    </>
  );
}

function days(number: number): string {
  return `${number.toLocaleString('en')} days`;
}
