// One of a few options as large touch targets: real radio buttons, so arrow keys and screen readers work. Values in,
// the chosen value out. Used for reasons, meanings and the states of a discrete setpoint.
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
}) {
  const errorId = `${props.name}-error`;
  return (
    <fieldset
      className="cs-choice"
      data-part={props.part}
      data-compact={props.compact === true}
      disabled={props.disabled === true}
      aria-describedby={props.error === undefined ? undefined : errorId}
    >
      <legend>{props.legend}</legend>
      <div>
        {props.options.map((option) => (
          <label key={option.value}>
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
