// The whole life of a command, stage by stage (CMD-1): when, what, who, where, under which record, and with each stage that a
// person signed the signature's elements (SIG-8). Values in only; on the command's page and its print.
import type { CommandView } from '../../gateway/contract/command.ts';
import { recordKinds } from '../texts/en.ts';
import { FullTime } from './full-time.tsx';
import { SignatureElements } from './signature-elements.tsx';

/** Stages after which something was wrong, or a person has to look. */
const marked: ReadonlySet<string> = new Set([
  'command.rejected',
  'command.failed',
  'command.unknown',
  'command.refused',
  'command.signature-refused',
  'break-glass.used',
  'break-glass.overdue',
]);

export function CommandTimeline(props: {
  readonly command: CommandView;
  readonly timeZone: string;
  readonly valueText: (value: CommandView['value']) => string;
}) {
  const { command, timeZone, valueText } = props;
  // The record holds the bare values; states have names.
  const asked = `${valueText(command.observed.value)} → ${valueText(command.value)}`;
  return (
    <ol className="cs-timeline" aria-label="Life of the command">
      {command.stages.map((stage) => (
        <li key={stage.record} data-marked={marked.has(stage.kind)}>
          <FullTime time={stage.time} timeZone={timeZone} />
          <div>
            <h3>
              {marked.has(stage.kind) && <b aria-hidden="true">! </b>}
              {recordKinds[stage.kind]}
            </h3>
            <p>{stage.kind === 'command.asked' ? asked : stage.text}</p>
            <small>
              {[stage.actor ?? 'the gateway itself', stage.terminal, `record ${stage.record}`]
                .filter((part) => part !== null)
                .join(' · ')}
            </small>
            {stage.signature !== undefined && <SignatureElements signature={stage.signature} timeZone={timeZone} />}
          </div>
        </li>
      ))}
    </ol>
  );
}
