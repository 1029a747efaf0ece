// What waits for the signature of the person at this terminal (SIG-5), proposals of other systems named with their
// origin (CMD-10): what is asked, from what, by whom and why, under which conditions, until when. A link to the command out.

import { IconArrowRight } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { CommandView } from '../../gateway/contract/command.ts';
import { permissiveMark } from '../model/permissive-words.ts';
import { countdownText, plantTime } from '../model/times.ts';
import { Listing } from './listing.tsx';
import { RowTime } from './row-time.tsx';

type Given = {
  readonly timeZone: string;
  readonly nowMs: number;
  readonly valueText: (command: CommandView, value: CommandView['value']) => string;
};

export function AwaitingList(props: Given & { readonly commands: readonly CommandView[] }) {
  if (props.commands.length === 0) return null;
  return (
    <section aria-label="Awaiting your signature" className="cs-awaiting">
      <h2>Awaiting your signature</h2>
      <Listing labels={['Tag', 'Change', 'By whom and why', 'Conditions', 'Time left', '']}>
        {props.commands.map((command) => (
          <AwaitingRow key={command.id} command={command} {...props} />
        ))}
      </Listing>
    </section>
  );
}

function AwaitingRow({ command, ...given }: Given & { readonly command: CommandView }) {
  const text = (value: CommandView['value']) => given.valueText(command, value);
  return (
    <tr>
      <td>
        <code>{command.tagId}</code>
        <small>{command.description}</small>
      </td>
      <td>
        {text(command.observed.value)} <IconArrowRight size={14} aria-label="to" />{' '}
        <strong>{text(command.value)}</strong>
      </td>
      <td className="cs-awaiting-why">
        {command.state === 'proposed' && command.proposal !== undefined ? (
          <>
            <span className="cs-state">Proposal</span> {command.proposal.token.name}
            <small>
              {command.proposal.origin}
              {command.proposal.reference !== null && ` · ${command.proposal.reference}`}
            </small>
          </>
        ) : (
          <>
            {command.askedBy.printedName}
            {command.proposal !== undefined && (
              <small>
                Proposal of {command.proposal.token.name}: {command.proposal.origin}
              </small>
            )}
            {command.signatures.map((signature) => (
              <small key={signature.record}>
                {signature.printedName} signed: {signature.reasonText ?? signature.reasonCode ?? 'no listed reason'}
                {signature.comment !== null && `, “${signature.comment}”`}
              </small>
            ))}
            {command.breakGlass !== undefined && (
              <small>
                <strong>Break-glass: it was carried out; your signature is due.</strong>
              </small>
            )}
          </>
        )}
      </td>
      <td>
        <Conditions command={command} />
      </td>
      <td>
        <TimeLeft command={command} {...given} />
      </td>
      <td className="cs-right">
        <Link to="/commands/$id" params={{ id: command.id }} className="cs-menu-entry cs-press">
          {command.signatures.length > 0 ? 'Judge and countersign' : 'Judge and sign'}
        </Link>
      </td>
    </tr>
  );
}

function Conditions({ command }: { readonly command: CommandView }) {
  const { permissives } = command;
  if (permissives === undefined || permissives.length === 0) return <span className="cs-muted">none</span>;
  const unmet = permissives.filter((permissive) => permissiveMark(permissive) !== 'met');
  if (unmet.length === 0) return <>{permissives.length === 1 ? 'met' : `all ${permissives.length} met`}</>;
  return (
    <span className="cs-state" data-tone="attention">
      not met: {unmet.map(({ name }) => name).join(', ')}
    </span>
  );
}

function TimeLeft({ command, timeZone, nowMs }: Given & { readonly command: CommandView }) {
  const { breakGlass } = command;
  if (typeof breakGlass?.dueAt === 'string') {
    return (
      <>
        {breakGlass.overdue && <strong>overdue since </strong>}
        <RowTime time={breakGlass.dueAt} timeZone={timeZone} />
      </>
    );
  }
  return (
    <span title={plantTime(command.expiresAt, timeZone).utc}>
      {countdownText(Date.parse(command.expiresAt) - nowMs)}
      <small>until {plantTime(command.expiresAt, timeZone).local.slice(11)}</small>
    </span>
  );
}
