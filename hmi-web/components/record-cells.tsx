// The cells that a record has wherever it stands in a table: number and time, and who, what about, the change and why.
// Used by the audit trail and by reviews. Values in, nothing out.
import type { AuditRecord } from '../../gateway/contract/audit-record.ts';
import { actorText, changeText, isPlainChange, reasonText } from '../model/audit-words.ts';
import { RowTime } from './row-time.tsx';

const longestSubject = 22;

export function RecordPlaceCells({ record, timeZone }: { readonly record: AuditRecord; readonly timeZone: string }) {
  return (
    <>
      <td className="cs-right cs-muted">{record.seq}</td>
      <td>
        <RowTime time={record.time} timeZone={timeZone} />
      </td>
    </>
  );
}

export function RecordFactCells(props: {
  readonly record: AuditRecord;
  /** Of the tag that the record is about: its states, unit and decimals. */
  readonly shape: Parameters<typeof changeText>[1];
}) {
  const { record, shape } = props;
  const { subject } = record;
  return (
    <>
      <td className="cs-who">
        {actorText(record)}
        {record.terminal !== null && <small>{record.terminal.name}</small>}
      </td>
      <td title={subject}>
        <code>{subject.length > longestSubject ? `${subject.slice(0, longestSubject - 1)}…` : subject}</code>
      </td>
      <td style={{ whiteSpace: 'nowrap' }}>
        {isPlainChange(record) ? changeText(record, shape) : <span className="cs-muted">in the details</span>}
      </td>
      <td className="cs-reason">{reasonText(record)}</td>
    </>
  );
}
