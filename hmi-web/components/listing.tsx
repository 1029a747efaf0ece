// A table with column heads, as lists of commands, people and machines have them. Rows in; a column without a name holds the row's buttons.
import type { ReactNode } from 'react';

export function Listing(props: {
  readonly labels: readonly string[];
  readonly children: ReactNode;
  /** Below the rows, within the frame: what to say where there are none. */
  readonly below?: ReactNode;
}) {
  const { labels, children, below } = props;
  return (
    <div className="cs-table-frame">
      <table className="cs-table">
        <thead>
          <tr>
            {labels.map((label) => (
              <th key={label}>
                <span>{label === '' ? <span className="cs-visually-hidden">Actions</span> : label}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
      {below}
    </div>
  );
}
