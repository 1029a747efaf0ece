// Setpoints that changed in the PLC without a command from here (CMD-11), newest first. Loaded when opened; kept up to
// date by live events.
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { LoadingPage } from '../components/loading-page.tsx';
import { RowTime } from '../components/row-time.tsx';
import { useGateway, useSession } from '../gateway-context.ts';
import { mayAnywhere } from '../model/permissions.ts';
import { unattributedRemark, unattributedText } from '../model/unattributed-words.ts';
import { tagsQuery, unattributedQuery } from '../queries.ts';
import '../styles/pages.css';

export function UnattributedPage() {
  const gateway = useGateway();
  const session = useSession();
  const { timeZone } = session.plant;
  const changes = useQuery({ ...unattributedQuery(gateway), refetchOnMount: 'always' });
  const tags = useQuery(tagsQuery(gateway));
  if (changes.data === undefined) return <LoadingPage error={changes.error} />;
  const showAudit = mayAnywhere(session, 'read-audit');
  return (
    <section className="cs-page">
      <div className="cs-page-head">
        <h1>Changed outside Countersign</h1>
      </div>
      <p className="cs-muted">
        Setpoints whose value in the PLC changed without a signed command from here: by an engineering tool, a local
        panel, or another system. What the plant moves by itself is left out where the configuration says so.
      </p>
      <div className="cs-table-frame">
        <table className="cs-table">
          <thead>
            <tr>
              {['Recorded', 'Tag', 'Change', 'Remark', 'Device’s time', 'Record'].map((label) => (
                <th key={label}>
                  <span>{label}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {changes.data.map((change) => {
              const tag = tags.data?.find(({ id }) => id === change.tagId);
              return (
                <tr key={change.record}>
                  <td>
                    <RowTime time={change.time} timeZone={timeZone} />
                  </td>
                  <td>
                    <code>{change.tagId}</code>
                    <small>{change.description}</small>
                  </td>
                  <td>
                    <strong>{unattributedText(change, tag)}</strong>
                  </td>
                  <td>{unattributedRemark(change, tag)}</td>
                  <td>
                    <RowTime time={change.sourceTime} timeZone={timeZone} />
                  </td>
                  <td>
                    {showAudit ? (
                      <Link to="/audit" search={{ kind: 'setpoint.unattributed', tag: change.tagId }}>
                        No. {change.record}
                      </Link>
                    ) : (
                      `No. ${change.record}`
                    )}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
        {changes.data.length === 0 && <p className="cs-page cs-muted">No such change is on record.</p>}
      </div>
    </section>
  );
}
