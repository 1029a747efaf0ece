// A table with column heads, as on the administration's pages. Rows in; a column without a name holds the row's buttons.
import type { ReactNode } from 'react';

export function Listing({ labels, children }: { readonly labels: readonly string[]; readonly children: ReactNode }) {
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
    </div>
  );
}
