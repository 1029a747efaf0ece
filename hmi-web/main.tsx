// Entry of the page: makes the gateway client (terminal key included) and shows the application, or says in plain words
// why this browser cannot be a terminal. Loaded by index.html.
import '@fontsource-variable/inter';
import '@mantine/core/styles.css';
import './styles/base.css';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { createGateway } from './gateway-client/gateway.ts';

const place = document.getElementById('root');
if (place === null) throw new Error('index.html has no #root');
const root = createRoot(place);

createGateway(location.origin).then(
  (gateway) => root.render(<App gateway={gateway} />),
  (error: unknown) => {
    const insecure = error instanceof Error && error.message === 'insecure-context';
    root.render(
      <main className="cs-dead-end" role="alert">
        <h1>This browser cannot be a terminal</h1>
        <p>
          {insecure
            ? 'A terminal needs a key of its own, and browsers make one only on secure pages: open the gateway by https, or by http://localhost on the same machine.'
            : 'The terminal’s key could not be stored. Allow this site to keep data (no private window), then reload.'}
        </p>
      </main>,
    );
  },
);
