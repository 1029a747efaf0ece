// One of a few options as large touch targets: real radio buttons, so arrow keys and screen readers work. Values in,
// the chosen value out. Used for reasons, meanings and the states of a discrete setpoint. `onPicked` tells of a choice
// that is final (a touch, or the option's digit), unlike the arrow keys' way past the others.
import type { KeyboardEvent } from 'react';

export function Choice<Value extends string>(props: {
  readonly part: string;
  readonly legend: string;
  readonly name: string;
  readonly options: readonly { readonly value: Value; readonly label: string; readonly hint?: string }[];
  readonly value: Value | null;
  readonly error?: string | undefined;
  readonly compact?: boolean;
  readonly disabled?: boolean;
  readonly onChange: (value: Value) => void;
  readonly onPicked?: () => void;
}) {
  const errorId = `${props.name}-error`;
  const { onPicked, options } = props;
  const byDigit = (event: KeyboardEvent) => {
    const option = options[Number(event.key) - 1];
    if (onPicked === undefined || option === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    props.onChange(option.value);
    onPicked();
  };
  return (
    <fieldset
      className="cs-choice"
      data-part={props.part}
      data-compact={props.compact === true}
      disabled={props.disabled === true}
      aria-describedby={props.error === undefined ? undefined : errorId}
      onKeyDown={byDigit}
    >
      <legend>{props.legend}</legend>
      <div>
        {options.map((option, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keyboard's way is the radio button within
          <label
            key={option.value}
            data-key={onPicked !== undefined && index < 9 ? index + 1 : undefined}
            // The keyboard's clicks have no detail. Afterwards: the label's own doing takes the focus to its radio button.
            onClick={(event) => event.detail > 0 && onPicked !== undefined && setTimeout(onPicked)}
          >
            <input
              type="radio"
              name={props.name}
              value={option.value}
              checked={props.value === option.value}
              onChange={() => props.onChange(option.value)}
            />
            <span>
              {option.label}
              {option.hint !== undefined && <small>{option.hint}</small>}
            </span>
          </label>
        ))}
      </div>
      {props.error !== undefined && (
        <p id={errorId} className="cs-field-error">
          {props.error}
        </p>
      )}
    </fieldset>
  );
}
