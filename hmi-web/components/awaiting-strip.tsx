// A line over every page while a command waits for the signature of the person at this terminal (SIG-5), so that it is seen at
// once wherever he is. Proposals do not hurry: they only count at the rail. Values in, a link to the command out.
import { IconUserCheck } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { CommandView } from '../../gateway/contract/command.ts';
import '../styles/unattributed.css';

export function AwaitingStrip(props: {
  readonly commands: readonly CommandView[];
  readonly valueText: (command: CommandView, value: CommandView['value']) => string;
}) {
  const { commands, valueText } = props;
  const [first] = commands;
  if (first === undefined) return null;
  return (
    <div className="cs-unresolved-strip" role="status">
      <IconUserCheck size={22} aria-hidden="true" />
      <p>
        <strong>
          Awaiting your signature: {first.tagId} {valueText(first, first.observed.value)} →{' '}
          {valueText(first, first.value)}
        </strong>
        , asked by {first.askedBy.printedName}.{' '}
        <Link to="/commands/$id" params={{ id: first.id }}>
          Judge it
        </Link>
        {commands.length > 1 && (
          <>
            {' '}
            or <Link to="/commands">see all {commands.length}</Link>
          </>
        )}
      </p>
    </div>
  );
}
