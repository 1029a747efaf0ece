// Loud in every view until it is given (CMD-13): commands that were carried out on one signature and still owe their
// countersignatures. Values in, nothing out; part of the frame.
import { IconAlertTriangleFilled } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { CommandView } from '../../gateway/contract/command.ts';
import { FullTime } from './full-time.tsx';

export function BreakGlassNotice(props: { readonly commands: readonly CommandView[]; readonly timeZone: string }) {
  if (props.commands.length === 0) return null;
  const overdue = props.commands.some((command) => command.breakGlass?.overdue === true);
  return (
    <div className="cs-notice" data-tone={overdue ? 'trouble' : 'attention'} role={overdue ? 'alert' : 'status'}>
      <IconAlertTriangleFilled size={22} aria-hidden="true" />
      <div>
        <strong>
          {overdue
            ? 'Countersignatures after break-glass are overdue. No further break-glass of this kind until they are given.'
            : 'Carried out by break-glass: countersignatures are due.'}
        </strong>
        {props.commands.map((command) => (
          <p key={command.id}>
            <Link to="/commands/$id" params={{ id: command.id }}>
              <code>{command.tagId}</code> {command.description}
            </Link>
            : {command.breakGlass?.missing} missing
            {typeof command.breakGlass?.dueAt === 'string' && (
              <>
                , due <FullTime time={command.breakGlass.dueAt} timeZone={props.timeZone} />
              </>
            )}
          </p>
        ))}
      </div>
    </div>
  );
}
