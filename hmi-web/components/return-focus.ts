// Gives the focus back to what opened a dialog when the dialog goes away (WCAG 2.2, 2.4.3). Used by dialogs that exist
// only while they are open. Does nothing when the opener has left the page meanwhile.
import { useEffect, useState } from 'react';

export function useReturnFocus(): void {
  // The first rendering comes before the dialog takes the focus.
  const [opener] = useState(() => document.activeElement);
  useEffect(
    () => () => {
      requestAnimationFrame(() => {
        if ((opener instanceof HTMLElement || opener instanceof SVGElement) && opener.isConnected) opener.focus();
      });
    },
    [opener],
  );
}
