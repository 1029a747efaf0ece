// What waits for the signature of the person at this terminal (SIG-5), proposals of other systems named with their
// origin (CMD-10): what is asked, from what, by whom, until when. Values in, a link to the command out.
import { Link } from '@tanstack/react-router';
import type { CommandView } from '../../gateway/contract/command.ts';
import { FullTime } from './full-time.tsx';

export function AwaitingList(props: {
  readonly commands: readonly CommandView[];
  readonly timeZone: string;
  readonly valueText: (command: CommandView, value: CommandView['value']) => string;
}) {
  if (props.commands.length === 0) return null;
  return (
    <section aria-label="Awaiting your signature" className="cs-card">
      <h2>Awaiting your signature</h2>
      <dl className="cs-facts">
        {props.commands.map((command) => (
          <AwaitingEntry key={command.id} command={command} {...props} />
        ))}
      </dl>
    </section>
  );
}

function AwaitingEntry(props: {
  readonly command: CommandView;
  readonly timeZone: string;
  readonly valueText: (command: CommandView, value: CommandView['value']) => string;
}) {
  const { command, valueText } = props;
  const until = command.breakGlass?.dueAt ?? command.expiresAt;
  const by =
    command.proposal === undefined || command.state !== 'proposed'
      ? `asked by ${command.askedBy.printedName}`
      : `proposed by ${command.proposal.token.name}: ${command.proposal.origin}`;
  return (
    <>
      <dt>
        <Link to="/commands/$id" params={{ id: command.id }}>
          <code>{command.tagId}</code>
        </Link>
      </dt>
      <dd>
        {command.description}: {valueText(command, command.observed.value)} →{' '}
        <strong>{valueText(command, command.value)}</strong>, {by}
        {command.signatures.map((signature) => (
          <span key={signature.record}>
            , signed by {signature.printedName} ({signature.reasonText ?? signature.comment ?? 'no reason'})
          </span>
        ))}
        , until <FullTime time={until} timeZone={props.timeZone} />
      </dd>
    </>
  );
}
