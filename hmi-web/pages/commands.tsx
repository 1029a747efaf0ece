// Commands: the open ones first, then what has happened lately, older ones on demand. Loaded when opened; kept up to
// date by live events.
import { Button } from '@mantine/core';
import { IconArrowRight } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { CommandView } from '../../gateway/contract/command.ts';
import { AwaitingList } from '../components/awaiting-list.tsx';
import { Listing } from '../components/listing.tsx';
import { LoadingPage } from '../components/loading-page.tsx';
import { RefusalNotice } from '../components/refusal-notice.tsx';
import { RowTime } from '../components/row-time.tsx';
import { StateLabel } from '../components/state-label.tsx';
import { useGateway, useNow, useSession } from '../gateway-context.ts';
import { inOrder, isClosed } from '../model/command-fate.ts';
import { type Explanation, explainError } from '../model/refusal-words.ts';
import { textOf } from '../model/values.ts';
import { awaitingQuery, commandsQuery, tagsQuery } from '../queries.ts';
import '../styles/pages.css';

export function CommandsPage() {
  const gateway = useGateway();
  const { plant } = useSession();
  const commands = useQuery({ ...commandsQuery(gateway), refetchOnMount: 'always' });
  const tags = useQuery(tagsQuery(gateway));
  const nowMs = useNow();
  const awaiting = useQuery({ ...awaitingQuery(gateway), refetchOnMount: 'always' });
  const [older, setOlder] = useState<readonly CommandView[]>([]);
  const [reached, setReached] = useState<number | null | undefined>(undefined);
  const [loading, setLoading] = useState(false);
  const [refusal, setRefusal] = useState<Explanation | null>(null);
  if (commands.data === undefined) return <LoadingPage error={commands.error} />;
  const newest = commands.data.commands;
  const ordered = inOrder([...newest, ...older.filter((entry) => newest.every(({ id }) => id !== entry.id))]);
  const next = reached === undefined ? commands.data.next : reached;
  const loadOlder = async () => {
    if (next === null) return;
    setLoading(true);
    setRefusal(null);
    try {
      const page = await gateway.api.commands(next);
      // What is shown now is kept as well: newer commands may push it off the first page.
      setOlder([...ordered, ...page.commands.filter((entry) => ordered.every(({ id }) => id !== entry.id))]);
      setReached(page.next);
    } catch (error) {
      setRefusal(explainError(error));
    } finally {
      setLoading(false);
    }
  };
  const openCount = ordered.filter((entry) => !isClosed(entry.state)).length;
  const valueText = textOf(tags.data ?? []);

  return (
    <section className="cs-page">
      <div className="cs-page-head">
        <h1>
          Commands <small className="cs-muted">{openCount === 0 ? 'none open' : `${openCount} open`}</small>
        </h1>
        <Link to="/unattributed" className="cs-menu-entry" style={{ display: 'inline-flex' }}>
          Changed outside Countersign
        </Link>
      </div>
      <AwaitingList commands={awaiting.data ?? []} timeZone={plant.timeZone} nowMs={nowMs} valueText={valueText} />
      <Listing
        labels={['Asked', 'Tag', 'Change', 'By', 'Signed', 'State', '']}
        below={ordered.length === 0 && <p className="cs-page cs-muted">No command was asked for yet.</p>}
      >
        {ordered.map((command) => {
          const text = (value: CommandView['value']) => valueText(command, value);
          const signed = command.signatures.length;
          const due = command.missingSignatures + (command.breakGlass?.missing ?? 0);
          return (
            <tr key={command.id}>
              <td>
                <RowTime time={command.askedAt} timeZone={plant.timeZone} />
              </td>
              <td>
                <code>{command.tagId}</code>
                <small>{command.description}</small>
              </td>
              <td>
                {text(command.observed.value)} <IconArrowRight size={14} aria-label="to" />{' '}
                <strong>{text(command.value)}</strong>
              </td>
              <td>
                {command.askedBy.printedName}
                {command.proposal !== undefined && <small>Proposal: {command.proposal.origin}</small>}
              </td>
              <td>{due === 0 ? (signed === 0 ? 'not signed' : signed) : `${signed} of ${signed + due}`}</td>
              <td>
                <StateLabel command={command} />
                {(command.breakGlass?.missing ?? 0) > 0 && (
                  <small>
                    Break-glass,{' '}
                    {command.breakGlass?.overdue === true ? 'countersignature overdue' : 'countersignature due'}
                  </small>
                )}
              </td>
              <td className="cs-right">
                <Link
                  to="/commands/$id"
                  params={{ id: command.id }}
                  className="cs-menu-entry"
                  style={{ display: 'inline-flex' }}
                >
                  {command.state === 'awaiting-countersignature' ? 'Countersign' : 'Open'}
                </Link>
              </td>
            </tr>
          );
        })}
      </Listing>
      {refusal !== null && <RefusalNotice explanation={refusal} />}
      {next !== null && (
        <Button variant="default" loading={loading} onClick={() => void loadOlder()}>
          Older commands
        </Button>
      )}
    </section>
  );
}
