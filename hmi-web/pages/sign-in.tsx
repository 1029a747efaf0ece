// Signing in, and this terminal's own standing: enrolment, waiting for approval, revoked (TRM-1). Shown by app.tsx
// when there is no session. Never keeps a password after it was sent.
import { Button, PasswordInput, TextInput } from '@mantine/core';
import { type FormEvent, lazy, Suspense, useState } from 'react';
import type { PlantView, SessionView } from '../../gateway/contract/session.ts';
import { DemoBanner } from '../components/demo-banner.tsx';
import { RefusalNotice } from '../components/refusal-notice.tsx';
import { Wordmark } from '../components/wordmark.tsx';
import { useGateway } from '../gateway-context.ts';
import { type Explanation, explainError } from '../model/refusal-words.ts';
import { TerminalStanding, useTerminalStanding } from './terminal-standing.tsx';

const PasswordChange = lazy(async () => ({ default: (await import('./password-change.tsx')).PasswordChange }));

export function SignInPage(props: {
  readonly plant: PlantView;
  readonly farewell: Explanation | null;
  readonly onSignedIn: (session: SessionView) => void;
}) {
  const gateway = useGateway();
  const terminal = useTerminalStanding(props.plant.demo);
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [changing, setChanging] = useState(false);
  const [changed, setChanged] = useState(false);
  const [refusal, setRefusal] = useState<Explanation | null>(null);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy || username.trim() === '' || password === '') return;
    setBusy(true);
    setRefusal(null);
    setChanged(false);
    try {
      const session = await gateway.api.signIn(username.trim(), password);
      props.onSignedIn(session);
    } catch (error) {
      setRefusal(explainError(error));
      terminal.recheck();
    } finally {
      setPassword('');
      setBusy(false);
    }
  };

  return (
    <div className="cs-entrance">
      {props.plant.demo && <DemoBanner />}
      <main className="cs-entrance-card">
        <Wordmark />
        <h1>{props.plant.name}</h1>
        {props.farewell !== null && refusal === null && <RefusalNotice explanation={props.farewell} />}
        {refusal !== null && <RefusalNotice explanation={refusal} />}
        {changed && refusal === null && (
          <p role="status">
            <strong>Your password was changed.</strong> Sign in with the new one.
          </p>
        )}
        {terminal.kind === 'active' && changing ? (
          <Suspense fallback={null}>
            <PasswordChange
              onCancel={() => setChanging(false)}
              onDone={(name) => {
                setUsername(name);
                setChanged(true);
                setChanging(false);
              }}
            />
          </Suspense>
        ) : terminal.kind === 'active' ? (
          <form onSubmit={submit} aria-label="Sign in">
            <TextInput
              label="User name"
              name="username"
              autoComplete="off"
              autoCapitalize="none"
              spellCheck={false}
              data-autofocus
              autoFocus
              value={username}
              onChange={(event) => setUsername(event.currentTarget.value)}
            />
            <PasswordInput
              label="Password"
              name="password"
              autoComplete="off"
              visibilityToggleButtonProps={{ 'aria-label': 'Show password' }}
              value={password}
              onChange={(event) => setPassword(event.currentTarget.value)}
            />
            <Button type="submit" fullWidth loading={busy} disabled={username.trim() === '' || password === ''}>
              Sign in
            </Button>
            <Button
              variant="subtle"
              fullWidth
              onClick={() => {
                setRefusal(null);
                setChanging(true);
              }}
            >
              Change my password
            </Button>
          </form>
        ) : null}
        <TerminalStanding standing={terminal} />
        {props.plant.demo && terminal.kind === 'active' && !changing && (
          <section className="cs-demo-accounts" aria-label="Demo accounts">
            <h2>Demo accounts</h2>
            <ul>
              {props.plant.demoAccounts.map((account) => (
                <li key={account.name}>
                  <button type="button" onClick={() => setUsername(account.name)}>
                    <code>{account.name}</code>
                    <span>{account.printedName}</span>
                    <small>{account.may}</small>
                  </button>
                </li>
              ))}
            </ul>
            <p className="cs-muted">
              The password is <code>countersign-demo</code> unless it was set otherwise at the start.
            </p>
          </section>
        )}
        <p className="cs-muted cs-version">Countersign {props.plant.version}</p>
      </main>
    </div>
  );
}
