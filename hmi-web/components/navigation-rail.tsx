// The rail at the left: one large target a page, with what waits for a person. Values in, navigation out.
import {
  IconClipboardList,
  IconEyeCheck,
  IconListDetails,
  IconPencilCheck,
  IconSettings,
  IconTopologyStar3,
} from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';

export function NavigationRail(props: {
  readonly path: string;
  readonly firstArea: string | null;
  readonly openCommands: number;
  readonly waitingCommands: number;
  readonly showAudit: boolean;
  readonly showReview: boolean;
  readonly showAdministration: boolean;
}) {
  const here = (start: string) => (props.path.startsWith(start) ? ('page' as const) : undefined);
  const commandsLabel =
    props.waitingCommands > 0
      ? `Commands, ${props.waitingCommands} awaiting your signature`
      : props.openCommands > 0
        ? `Commands, ${props.openCommands} open`
        : 'Commands';
  return (
    <nav className="cs-rail" aria-label="Pages">
      {props.firstArea !== null && (
        <Link to="/areas/$area" params={{ area: props.firstArea }} aria-current={here('/areas')}>
          <Entry icon={<IconTopologyStar3 aria-hidden="true" />} label="Process" />
        </Link>
      )}
      <Link to="/tags" aria-current={here('/tags')}>
        <Entry icon={<IconListDetails aria-hidden="true" />} label="Tags" />
      </Link>
      <Link to="/commands" aria-current={here('/commands')} aria-label={commandsLabel}>
        <Entry icon={<IconPencilCheck aria-hidden="true" />} label="Commands" />
        {(props.openCommands > 0 || props.waitingCommands > 0) && (
          <b className="cs-count" data-waiting={props.waitingCommands > 0}>
            {props.waitingCommands > 0 ? props.waitingCommands : props.openCommands}
          </b>
        )}
      </Link>
      {props.showAudit && (
        <Link to="/audit" aria-current={here('/audit') ?? here('/log')}>
          <Entry icon={<IconClipboardList aria-hidden="true" />} label="Audit trail" />
        </Link>
      )}
      {props.showReview && (
        <Link to="/review" aria-current={here('/review')}>
          <Entry icon={<IconEyeCheck aria-hidden="true" />} label="Review" />
        </Link>
      )}
      {props.showAdministration && (
        <Link to="/administration" aria-current={here('/administration')}>
          <Entry icon={<IconSettings aria-hidden="true" />} label="Administer" />
        </Link>
      )}
    </nav>
  );
}

function Entry({ icon, label }: { readonly icon: ReactNode; readonly label: string }) {
  return (
    <>
      {icon}
      <span>{label}</span>
    </>
  );
}
