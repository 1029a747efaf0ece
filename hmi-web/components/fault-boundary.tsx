// Catches faults of the page itself, such as a script that could not be loaded, and says so instead of going blank.
// Wraps the whole application. It hides nothing: the fault is on the console as well.
import { Component, type ReactNode } from 'react';

type Props = { readonly children: ReactNode };

export class FaultBoundary extends Component<Props, { readonly failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { readonly failed: boolean } {
    return { failed: true };
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    return (
      <main className="cs-dead-end" role="alert">
        <h1>This page has a fault</h1>
        <p>
          What it last showed may be old, and is hidden for that reason. A command that was signed goes on in the
          gateway; its fate is on the commands page.
        </p>
        <button type="button" className="cs-menu-entry" onClick={() => location.reload()}>
          Load the page anew
        </button>
      </main>
    );
  }
}
