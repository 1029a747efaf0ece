// A page that waits for its data, or says why it does not come. Used by pages before they have anything to show.
import { explainError } from '../model/refusal-words.ts';
import { RefusalNotice } from './refusal-notice.tsx';

export function LoadingPage({ error }: { readonly error: unknown }) {
  return (
    <section className="cs-page" aria-busy={error === null || error === undefined}>
      {error === null || error === undefined ? (
        <p className="cs-muted">Loading…</p>
      ) : (
        <RefusalNotice explanation={explainError(error)} />
      )}
    </section>
  );
}
