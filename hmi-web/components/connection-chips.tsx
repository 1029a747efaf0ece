// State of each PLC and of the page's own link to the gateway, always in view. Quiet while all is well; icon, word and
// colour when it is not. Values in, nothing out.
import { IconAlertTriangleFilled, IconCircleFilled, IconLoader2, IconPlugConnectedX } from '@tabler/icons-react';
import type { ConnectionView } from '../../gateway/contract/tag.ts';
import type { LinkState } from '../gateway-client/link-state.ts';
import { clockTime } from '../model/times.ts';
import { connectionStates } from '../texts/en.ts';

export function ConnectionChips(props: {
  readonly connections: readonly ConnectionView[];
  readonly link: LinkState;
  readonly timeZone: string;
}) {
  return (
    <ul className="cs-chips" aria-label="Connections" aria-live="polite">
      {props.connections.map((connection) => {
        // What the gateway said last is not known to hold while the gateway itself is away.
        const known = props.link.kind === 'live';
        const state = known ? connection.state : 'unknown';
        const since = clockTime(connection.since, props.timeZone);
        const word = known ? connectionStates[connection.state] : 'not known';
        return (
          <li
            key={connection.id}
            data-state={state}
            title={`${connection.id}, ${connection.protocol}, ${connection.endpoint}: ${word} since ${since}${connection.error === null ? '' : `. ${connection.error}`}`}
          >
            {state === 'connected' && <IconCircleFilled size={9} aria-hidden="true" />}
            {state === 'connecting' && <IconLoader2 size={14} aria-hidden="true" />}
            {(state === 'lost' || state === 'stopped') && <IconPlugConnectedX size={16} aria-hidden="true" />}
            <span>{connection.id}</span>
            {state === 'connected' ? (
              <span className="cs-visually-hidden">connected</span>
            ) : (
              <em>{state === 'lost' ? `lost since ${since}` : word}</em>
            )}
          </li>
        );
      })}
      <li data-state={props.link.kind === 'live' ? 'connected' : props.link.kind} data-testid="gateway-link">
        {props.link.kind === 'live' && <IconCircleFilled size={9} aria-hidden="true" />}
        {props.link.kind === 'connecting' && <IconLoader2 size={14} aria-hidden="true" />}
        {props.link.kind === 'lost' && <IconAlertTriangleFilled size={15} aria-hidden="true" />}
        <span>Gateway</span>
        <em>{props.link.kind === 'live' ? 'live' : props.link.kind === 'lost' ? 'lost' : 'connecting'}</em>
      </li>
    </ul>
  );
}
