// One command: what was asked, its stages, its signatures with all their elements (SIG-8), and what can be done now:
// countersign or decline (SIG-5), withdraw, record what was found of an unknown outcome (CMD-6). Loaded when opened.
import { Button } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useState } from 'react';
import type { CommandView, StatementPurposeBody } from '../../gateway/contract/command.ts';
import { CommandFate } from '../components/command-fate.tsx';
import { FullTime } from '../components/full-time.tsx';
import { LoadingPage } from '../components/loading-page.tsx';
import { RefusalNotice } from '../components/refusal-notice.tsx';
import { useGateway, useLink, useSession } from '../gateway-context.ts';
import { isClosed } from '../model/command-fate.ts';
import { mayIn } from '../model/permissions.ts';
import { type Explanation, explainError } from '../model/refusal-words.ts';
import { exactText, withUnit } from '../model/values.ts';
import { commandQuery, noteCommand, tagsQuery } from '../queries.ts';
import { meanings } from '../texts/en.ts';
import { useCommandReports } from './command-reports.ts';
import { CommandSigning } from './command-signing-panel.tsx';
import '../styles/dialog.css';
import '../styles/pages.css';

export function CommandPage() {
  const { id } = useParams({ from: '/commands/$id' });
  const gateway = useGateway();
  const client = useQueryClient();
  const session = useSession();
  const link = useLink();
  const query = useQuery({ ...commandQuery(gateway, id), refetchOnMount: 'always' });
  const tags = useQuery(tagsQuery(gateway));
  const [purpose, setPurpose] = useState<StatementPurposeBody | null>(null);
  const [refusal, setRefusal] = useState<Explanation | null>(null);
  const command = query.data;
  useCommandReports(command === undefined || isClosed(command.state) ? null : id, (report) =>
    noteCommand(client, report),
  );
  if (command === undefined) return <LoadingPage error={query.error} />;

  const tag = tags.data?.find((entry) => entry.id === command.tagId);
  const text = (value: CommandView['value']) =>
    withUnit(tag === undefined ? String(value) : exactText(tag, value), command.unit);
  const time = (value: string) => <FullTime time={value} timeZone={session.plant.timeZone} />;
  const open = !isClosed(command.state);
  const isProposed = command.state === 'proposed';
  const waits = command.state === 'awaiting-countersignature' || command.state === 'asked' || isProposed;
  // CMD-13: it is done, and the countersignatures that break-glass left out may still be given.
  const owes = !open && (command.breakGlass?.missing ?? 0) > 0;
  const withdraw = async () => {
    setRefusal(null);
    try {
      await gateway.api.withdraw(id);
      await client.invalidateQueries({ queryKey: ['command', id] });
      void client.invalidateQueries({ queryKey: ['commands'] });
    } catch (error) {
      setRefusal(explainError(error));
    }
  };

  return (
    <section className="cs-page">
      <div className="cs-page-head">
        <h1>
          {command.description} <code className="cs-muted">{command.tagId}</code>
        </h1>
        {waits && purpose === null && command.askedBy.id === session.user.id && (
          <Button variant="default" onClick={() => void withdraw()} disabled={link.kind !== 'live'}>
            Withdraw
          </Button>
        )}
        {command.state === 'unknown' && purpose === null && mayIn(session, 'resolve', command.area) && (
          <>
            <Button variant="default" onClick={() => setPurpose({ purpose: 'resolve', found: 'reached' })}>
              The plant has the new value
            </Button>
            <Button variant="default" onClick={() => setPurpose({ purpose: 'resolve', found: 'not-reached' })}>
              It has not
            </Button>
            <Button variant="default" onClick={() => setPurpose({ purpose: 'resolve', found: 'cannot-be-told' })}>
              It cannot be told
            </Button>
          </>
        )}
        {owes && purpose === null && (
          <Button onClick={() => setPurpose({ purpose: 'sign' })} disabled={link.kind !== 'live'}>
            Countersign what was done
          </Button>
        )}
        {waits && purpose === null && (
          <>
            {command.state !== 'asked' && (
              <Button
                variant="default"
                onClick={() => setPurpose({ purpose: 'decline' })}
                disabled={link.kind !== 'live'}
              >
                Decline
              </Button>
            )}
            <Button onClick={() => setPurpose({ purpose: 'sign' })} disabled={link.kind !== 'live'}>
              {command.state === 'awaiting-countersignature' ? 'Countersign' : 'Sign'}
            </Button>
          </>
        )}
      </div>
      {refusal !== null && <RefusalNotice explanation={refusal} />}
      <div className="cs-columns">
        <div className="cs-card">
          <dl className="cs-facts">
            <dt>Change</dt>
            <dd>
              {text(command.observed.value)} → <strong>{text(command.value)}</strong>
            </dd>
            <dt>{isProposed ? 'Proposed by' : 'Asked by'}</dt>
            <dd>{command.askedBy.printedName}</dd>
            {command.proposal !== undefined && (
              <>
                <dt>Origin</dt>
                <dd>
                  {command.proposal.origin}
                  {command.proposal.reference !== null && ` (${command.proposal.reference})`}, by{' '}
                  {command.proposal.token.name}
                </dd>
              </>
            )}
            {command.breakGlass !== undefined && (
              <>
                <dt>Break-glass</dt>
                <dd>
                  <strong>
                    {command.breakGlass.missing === 0
                      ? 'All countersignatures given'
                      : `${command.breakGlass.missing} countersignatures missing${command.breakGlass.overdue ? ', overdue' : ''}`}
                  </strong>
                  {command.breakGlass.dueAt !== null && <>, due {time(command.breakGlass.dueAt)}</>}
                </dd>
              </>
            )}
            <dt>Asked at</dt>
            <dd>{time(command.askedAt)}</dd>
            {open && (
              <>
                <dt>To be signed until</dt>
                <dd>{time(command.expiresAt)}</dd>
              </>
            )}
            {command.readBack !== null && (
              <>
                <dt>Read back</dt>
                <dd>
                  <strong>{text(command.readBack.value)}</strong>, {command.readBack.quality},{' '}
                  {time(command.readBack.time)}
                </dd>
              </>
            )}
            {command.outcome !== null && (
              <>
                <dt>Outcome code</dt>
                <dd>
                  <code>{command.outcome.code}</code>
                </dd>
              </>
            )}
            <dt>Command</dt>
            <dd>
              <code>{command.id}</code>
            </dd>
          </dl>
        </div>
        {purpose === null ? (
          <CommandFate command={command} timeZone={session.plant.timeZone} />
        ) : (
          <CommandSigning
            key={JSON.stringify(purpose)}
            command={command}
            purpose={purpose}
            valueText={text}
            onDone={() => setPurpose(null)}
          />
        )}
      </div>
      {purpose !== null && <CommandFate command={command} timeZone={session.plant.timeZone} />}
      <h2>Signatures</h2>
      {command.signatures.length === 0 && <p className="cs-muted">Not signed yet.</p>}
      <div className="cs-columns">
        {command.signatures.map((signature) => (
          <dl key={signature.record} className="cs-card cs-facts">
            <dt>Signed by</dt>
            <dd>
              <strong>{signature.printedName}</strong> ({signature.signer})
            </dd>
            <dt>Meaning</dt>
            <dd>{meanings[signature.meaning]}</dd>
            <dt>Reason</dt>
            <dd>{signature.reasonText ?? signature.reasonCode ?? 'none'}</dd>
            <dt>Comment</dt>
            <dd>{signature.comment ?? 'none'}</dd>
            <dt>Time</dt>
            <dd>{time(signature.time)}</dd>
            <dt>Terminal</dt>
            <dd>{signature.terminal.name}</dd>
            <dt>Record</dt>
            <dd>{signature.record}</dd>
          </dl>
        ))}
      </div>
    </section>
  );
}
