// Where the new value is typed or chosen: number with plus and minus, states as keys, text. Values in, typed text out.
import { IconMinus, IconPlus } from '@tabler/icons-react';
import type { TagView } from '../../gateway/contract/tag.ts';
import type { TagValue } from '../../gateway/contract/values.ts';
import { nudge, parseTyped, type Setpoint, type Typed } from '../model/setpoint-input.ts';
import { Choice } from './choice.tsx';

export function SetpointField(props: {
  readonly tag: TagView & { setpoint: Setpoint };
  readonly typed: string;
  readonly checked: Typed;
  readonly observed: TagValue;
  readonly disabled: boolean;
  readonly onType: (text: string) => void;
}) {
  const { tag, typed, checked, observed, disabled } = props;
  if (tag.states !== null || tag.dataType === 'bool') {
    const states = Object.entries(tag.states ?? { false: 'Off', true: 'On' });
    return (
      <Choice
        part="value"
        legend="New state"
        name="new-value"
        options={states.map(([value, label]) =>
          value === String(observed) ? { value, label, hint: 'present state' } : { value, label },
        )}
        value={typed === '' ? null : typed}
        disabled={disabled}
        onChange={props.onType}
      />
    );
  }
  const wrong = checked.kind === 'wrong';
  const numeric = tag.dataType !== 'string' && !tag.dataType.endsWith('64') ? true : tag.dataType === 'float64';
  const step = (direction: 1 | -1) => {
    const parsed = parseTyped(tag.dataType, typed);
    const from = parsed.kind === 'fine' && typeof parsed.value === 'number' ? parsed.value : observed;
    if (typeof from === 'number') props.onType(String(nudge(tag, from, direction, observed)));
  };
  return (
    <div className="cs-setpoint-field">
      <label htmlFor="new-value">New value</label>
      <div>
        {numeric && (
          <button type="button" aria-label="Less" disabled={disabled} onClick={() => step(-1)}>
            <IconMinus aria-hidden="true" />
          </button>
        )}
        <span className="cs-input-with-unit">
          <input
            id="new-value"
            data-autofocus
            inputMode={numeric ? 'decimal' : 'text'}
            autoComplete="off"
            value={typed}
            readOnly={disabled}
            aria-invalid={wrong}
            aria-describedby="new-value-note"
            onChange={(event) => props.onType(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (disabled || !numeric || (event.key !== 'ArrowUp' && event.key !== 'ArrowDown')) return;
              event.preventDefault();
              step(event.key === 'ArrowUp' ? 1 : -1);
            }}
          />
          <span aria-hidden="true">{tag.unit}</span>
        </span>
        {numeric && (
          <button type="button" aria-label="More" disabled={disabled} onClick={() => step(1)}>
            <IconPlus aria-hidden="true" />
          </button>
        )}
      </div>
    </div>
  );
}
