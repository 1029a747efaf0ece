// How far a command has come and how it ended, in plain words, stage by stage; announced as it changes.
// Values in, nothing out. Shown by the dialog after signing; its head on the command's page as well.
import {
  IconAlertTriangleFilled,
  IconCircleCheck,
  IconCircleMinus,
  IconHourglassLow,
  IconUserCheck,
} from '@tabler/icons-react';
import type { CommandView } from '../../gateway/contract/command.ts';
import { fateOf, type Tone } from '../model/command-fate.ts';
import { clockTime } from '../model/times.ts';
import { recordKinds } from '../texts/en.ts';

const icons: Readonly<Record<Tone, typeof IconCircleCheck>> = {
  working: IconHourglassLow,
  done: IconCircleCheck,
  attention: IconUserCheck,
  trouble: IconAlertTriangleFilled,
  quiet: IconCircleMinus,
};

/** Where it stands and what to do now; announced as it changes. */
export function FateHead({ command }: { readonly command: CommandView }) {
  const fate = fateOf(command);
  const Icon =
    fate.tone === 'attention' && command.state !== 'awaiting-countersignature'
      ? IconAlertTriangleFilled
      : icons[fate.tone];
  return (
    <div className="cs-fate-head" data-tone={fate.tone} role="status" aria-live="assertive" aria-atomic="true">
      <Icon size={34} aria-hidden="true" />
      <div>
        <strong>{fate.label}</strong>
        <p>{fate.sentence}</p>
        {fate.next !== null && <p className="cs-next">{fate.next}</p>}
      </div>
    </div>
  );
}

export function CommandFate(props: {
  readonly command: CommandView;
  readonly timeZone: string;
  /** What was asked for, in the words of the tag's states and unit. */
  readonly asked: string;
}) {
  const { command, timeZone, asked } = props;
  return (
    <section className="cs-fate">
      <FateHead command={command} />
      <ol className="cs-stages" aria-label="Stages">
        {command.stages.map((stage) => (
          <li key={stage.record}>
            <time dateTime={stage.time}>{clockTime(stage.time, timeZone)}</time>
            <span>
              <strong>{recordKinds[stage.kind]}</strong>
              <span>{stage.kind === 'command.asked' ? asked : stage.text}</span>
              <small>
                {[stage.actor, stage.terminal, `record ${stage.record}`].filter((part) => part !== null).join(' · ')}
              </small>
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
