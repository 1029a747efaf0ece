// Loud in every view until it is given (CMD-13): commands that were carried out on one signature and still owe their
// countersignatures. Values in, nothing out; part of the frame.
import { IconAlertTriangleFilled } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { CommandView } from '../../gateway/contract/command.ts';
import { FullTime } from './full-time.tsx';

/** Beyond that the page beneath would have no room; the rest is counted, and on the commands page. */
const longestList = 3;

export function BreakGlassNotice(props: { readonly commands: readonly CommandView[]; readonly timeZone: string }) {
  if (props.commands.length === 0) return null;
  const isOverdue = (command: CommandView) => command.breakGlass?.overdue === true;
  const overdue = props.commands.some(isOverdue);
  const worstFirst = [...props.commands].sort((left, right) => Number(isOverdue(right)) - Number(isOverdue(left)));
  return (
    <div className="cs-notice" data-tone={overdue ? 'trouble' : 'attention'} role={overdue ? 'alert' : 'status'}>
      <IconAlertTriangleFilled size={22} aria-hidden="true" />
      <div>
        <strong>
          {overdue
            ? 'Countersignatures after break-glass are overdue. No further break-glass of this kind until they are given.'
            : 'Carried out by break-glass: countersignatures are due.'}
        </strong>
        {worstFirst.slice(0, longestList).map((command) => (
          <p key={command.id}>
            <Link to="/commands/$id" params={{ id: command.id }}>
              <code>{command.tagId}</code> {command.description}
            </Link>
            : {command.breakGlass?.missing} missing
            {typeof command.breakGlass?.dueAt === 'string' && (
              <>
                , {isOverdue(command) ? <strong>overdue since</strong> : 'due'}{' '}
                <FullTime time={command.breakGlass.dueAt} timeZone={props.timeZone} />
              </>
            )}
          </p>
        ))}
        {worstFirst.length > longestList && (
          <p>
            <Link to="/commands">And {worstFirst.length - longestList} more</Link>
          </p>
        )}
      </div>
    </div>
  );
}
