// The head of a printed page: what it is, of which plant, when it was printed in plant time and UTC, by whom and where.
// Values in only; on paper alone.
import { plantTime } from '../model/times.ts';

export function PrintHead(props: {
  readonly title: string;
  readonly plant: { readonly name: string; readonly timeZone: string; readonly demo: boolean };
  readonly nowMs: number;
  readonly person: string;
  readonly terminal: string;
}) {
  const { plant } = props;
  const time = plantTime(new Date(props.nowMs).toISOString(), plant.timeZone);
  return (
    <header className="cs-print-head">
      <p>
        <strong>{plant.name}</strong>
        {plant.demo && ' (demonstration, no real equipment)'}
      </p>
      <p className="cs-print-title">{props.title}</p>
      <p>
        Printed {time.local} ({time.offset}, {plant.timeZone}), {time.utc}, by {props.person} at {props.terminal}. The
        record itself is in the audit log; this print is a copy.
      </p>
    </header>
  );
}
