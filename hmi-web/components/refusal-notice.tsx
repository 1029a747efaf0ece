// Shows why something did not happen and what to do next. Values in, nothing out; announced to assistive technology.
import { IconAlertTriangle } from '@tabler/icons-react';
import type { Explanation } from '../model/refusal-words.ts';

export function RefusalNotice({ explanation }: { readonly explanation: Explanation }) {
  return (
    <div className="cs-notice" data-tone="attention" role="alert">
      <IconAlertTriangle size={22} aria-hidden="true" />
      <div>
        <strong>{explanation.what}</strong>
        {explanation.detail !== null && <p>{explanation.detail}</p>}
        <p>
          {explanation.next}
          {explanation.record !== null && <span className="cs-muted"> Recorded as no. {explanation.record}.</span>}
        </p>
      </div>
    </div>
  );
}
