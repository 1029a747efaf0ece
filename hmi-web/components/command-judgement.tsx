// What a person needs to judge a command that waits for his signature (SIG-5, HMI-3): what is there now, how far the new value
// lies within its limits, what will happen, the conditions as they stand, the time left. Values in only.
import type { CommandView } from '../../gateway/contract/command.ts';
import type { TagView } from '../../gateway/contract/tag.ts';
import { limitsText } from '../model/limits-text.ts';
import type { Reading } from '../model/reading.ts';
import type { Setpoint } from '../model/setpoint-input.ts';
import { countdownText } from '../model/times.ts';
import { sameValue } from '../model/values.ts';
import { LimitScale } from './limit-scale.tsx';
import { PermissiveList } from './permissive-list.tsx';
import { PresentValue } from './present-value.tsx';

export function CommandJudgement(props: {
  readonly command: CommandView;
  readonly tag: TagView & { readonly setpoint: Setpoint };
  readonly reading: Reading;
  readonly nowMs: number;
  readonly valueText: (value: CommandView['value']) => string;
}) {
  const { command, tag, reading, valueText } = props;
  const rule = tag.setpoint;
  const moved =
    command.state !== 'proposed' &&
    reading.value !== null &&
    !sameValue(reading.value, command.observed.value, rule.tolerance);
  return (
    <section className="cs-card" aria-label="To judge it by">
      <div className="cs-page-head">
        <h2>To judge it by</h2>
        <strong className="cs-time-left">{countdownText(Date.parse(command.expiresAt) - props.nowMs)} left</strong>
      </div>
      <PresentValue tag={tag} reading={reading} />
      {moved && (
        <p className="cs-notice" data-tone="attention" role="alert">
          <span>
            <strong>The value has changed since it was asked for.</strong> It was {valueText(command.observed.value)}{' '}
            then; the gateway will refuse the write.
          </span>
        </p>
      )}
      <LimitScale tag={tag} observed={reading.value ?? command.observed.value} value={command.value} />
      {limitsText(tag, rule) !== '' && <p className="cs-muted">Limits: {limitsText(tag, rule)}</p>}
      <div className="cs-consequence">
        <strong>What will happen</strong>
        <p>{rule.consequence}</p>
      </div>
      <PermissiveList permissives={command.permissives ?? []} />
    </section>
  );
}
