// Shown by the router for an address that is no page.
import { Link } from '@tanstack/react-router';

export function NothingHere() {
  return (
    <section className="cs-page">
      <h1>There is no page at this address</h1>
      <p>
        <Link to="/">Go to the process screen</Link>
      </p>
    </section>
  );
}
