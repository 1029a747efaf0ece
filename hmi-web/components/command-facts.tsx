// What a command is about, in a list of facts: the change, who wanted it, from where a proposal came, what break-glass owes,
// until when it may be signed, what was read back. Values in only; on the command's page and its print.
import { Fragment } from 'react';
import type { CommandView } from '../../gateway/contract/command.ts';
import { isClosed } from '../model/command-fate.ts';
import { FullTime } from './full-time.tsx';

export function CommandFacts(props: {
  readonly command: CommandView;
  readonly timeZone: string;
  readonly valueText: (value: CommandView['value']) => string;
}) {
  const { command, valueText } = props;
  const { proposal, breakGlass, readBack, outcome } = command;
  const time = (value: string) => <FullTime time={value} timeZone={props.timeZone} />;
  return (
    <dl className="cs-card cs-facts">
      <dt>Change</dt>
      <dd className="cs-change-fact">
        {valueText(command.observed.value)} → <strong>{valueText(command.value)}</strong>
      </dd>
      <dt>{command.state === 'proposed' ? 'Proposed by' : 'Asked by'}</dt>
      <dd>{command.askedBy.printedName}</dd>
      {proposal !== undefined && (
        <>
          <dt>Proposal of</dt>
          <dd>
            {proposal.token.name}: {proposal.origin}
            {proposal.reference !== null && ` (${proposal.reference})`}
          </dd>
        </>
      )}
      {breakGlass !== undefined && (
        <>
          <dt>Break-glass</dt>
          <dd>
            <strong>
              {breakGlass.missing === 0
                ? 'All countersignatures given'
                : `${breakGlass.missing} countersignature${breakGlass.missing === 1 ? '' : 's'} missing${breakGlass.overdue ? ', overdue' : ''}`}
            </strong>
            {breakGlass.dueAt !== null && <>, due {time(breakGlass.dueAt)}</>}
          </dd>
        </>
      )}
      {command.signatures.map((signature) => (
        <Fragment key={signature.record}>
          <dt>Signed by</dt>
          <dd>
            {signature.printedName}: {signature.reasonText ?? signature.reasonCode ?? 'no listed reason'}
            {signature.comment !== null && `, “${signature.comment}”`}
          </dd>
        </Fragment>
      ))}
      <dt>Asked at</dt>
      <dd>{time(command.askedAt)}</dd>
      {!isClosed(command.state) && (
        <>
          <dt>To be signed until</dt>
          <dd>{time(command.expiresAt)}</dd>
        </>
      )}
      {command.writtenAt !== undefined && (
        <>
          <dt>Written at</dt>
          <dd>{time(command.writtenAt)}</dd>
        </>
      )}
      {readBack !== null && (
        <>
          <dt>Read back</dt>
          <dd>
            <strong>{valueText(readBack.value)}</strong>, {readBack.quality}, {time(readBack.time)}
          </dd>
        </>
      )}
      {outcome !== null && (
        <>
          <dt>Outcome code</dt>
          <dd>
            <code>{outcome.code}</code>
          </dd>
        </>
      )}
      <dt>Command</dt>
      <dd>
        <code>{command.id}</code>
      </dd>
    </dl>
  );
}
