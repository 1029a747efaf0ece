// A person's own passkeys (SIG-7): the list, registering one, taking one back; password and, once there is one, a passkey are asked for each time.
// Loaded when opened from the person's menu. Signing with them is the dialogs' affair.
import { Button, PasswordInput, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { PasskeyView } from '../../gateway/contract/passkey.ts';
import { LoadingPage } from '../components/loading-page.tsx';
import { RefusalNotice } from '../components/refusal-notice.tsx';
import { confirmWithPasskey, makePasskey } from '../gateway-client/passkeys.ts';
import { useGateway, useSession } from '../gateway-context.ts';
import { type Explanation, explainError } from '../model/refusal-words.ts';
import { timeText } from '../model/times.ts';
import '../styles/pages.css';

export function PasskeysPage() {
  const gateway = useGateway();
  const session = useSession();
  const client = useQueryClient();
  const list = useQuery({ queryKey: ['passkeys'], queryFn: () => gateway.api.passkeys() });
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [removing, setRemoving] = useState<PasskeyView | null>(null);
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Explanation | null>(null);
  const [done, setDone] = useState<string | null>(null);
  if (list.data === undefined) return <LoadingPage error={list.error} />;
  const { rpId, passkeys } = list.data;
  // Browsers refuse passkeys anywhere but at the host name that they were made for.
  const elsewhere = rpId === null || rpId !== window.location.hostname;

  const attempt = async (task: () => Promise<string>) => {
    setBusy(true);
    setRefusal(null);
    setDone(null);
    try {
      setDone(await task());
      setRemoving(null);
      setName('');
    } catch (error) {
      setRefusal(forKeeping(explainError(error)));
    } finally {
      setPassword('');
      setBusy(false);
      void client.invalidateQueries({ queryKey: ['passkeys'] });
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (busy || password === '' || (removing === null && name.trim() === '')) return;
    void attempt(async () => {
      const options = await gateway.api.passkeyOptions();
      const confirmation = await confirmWithPasskey(options);
      if (removing !== null) {
        await gateway.api.removePasskey(removing.id, { password, ...(confirmation !== undefined && { confirmation }) });
        return `The passkey “${removing.name}” signs nothing any more.`;
      }
      const response = await makePasskey(options);
      const made = await gateway.api.registerPasskey({
        name: name.trim(),
        password,
        response,
        ...(confirmation !== undefined && { confirmation }),
      });
      return `The passkey “${made.name}” is registered (record ${made.record}).`;
    });
  };

  return (
    <section className="cs-page">
      <div className="cs-page-head">
        <h1>Passkeys</h1>
      </div>
      <article className="cs-card">
        <p>
          A passkey is a security key, or this device with its PIN, fingerprint or face. Where a tag asks for one, the
          browser asks you to use it for each signature.
        </p>
        {passkeys.length === 0 ? (
          <p className="cs-muted">{session.user.printedName} has registered none yet.</p>
        ) : (
          <ul className="cs-plain-list" aria-label="Your passkeys">
            {passkeys.map((passkey) => (
              <li key={passkey.id}>
                <strong>{passkey.name}</strong>{' '}
                <span className="cs-muted">
                  registered {timeText(passkey.registeredAt, session.plant.timeZone)} · record {passkey.record}
                </span>{' '}
                <Button
                  variant="default"
                  size="sm"
                  aria-label={`Remove ${passkey.name}`}
                  disabled={elsewhere}
                  onClick={() => setRemoving(passkey)}
                >
                  Remove
                </Button>
              </li>
            ))}
          </ul>
        )}
      </article>
      {done !== null && (
        <p className="cs-card" role="status">
          {done}
        </p>
      )}
      {elsewhere ? (
        <p className="cs-notice" data-tone="attention" role="alert">
          <span>
            <strong>No passkey can be made or used at {window.location.hostname}.</strong>{' '}
            {rpId === null
              ? 'This gateway has no host name, and browsers refuse passkeys on number addresses. Ask an administrator.'
              : `Browsers tie passkeys to a host name: open the gateway at ${rpId} instead.`}
          </span>
        </p>
      ) : (
        <form
          className="cs-card"
          onSubmit={submit}
          style={{ maxWidth: 480 }}
          autoComplete="off"
          aria-label={removing === null ? 'Register a passkey' : 'Remove a passkey'}
        >
          {removing === null ? (
            <TextInput
              label="Name of the passkey"
              description="To tell it from others, such as “key on my badge”"
              maxLength={60}
              autoComplete="off"
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
            />
          ) : (
            <p>
              Remove <strong>{removing.name}</strong>? It signs nothing from then on, and cannot come back.
            </p>
          )}
          {passkeys.length > 0 && (
            <p className="cs-muted">
              The browser asks for a passkey that you have, to confirm. Where none is at hand any more, an administrator
              can take the old one away.
            </p>
          )}
          {refusal !== null && <RefusalNotice explanation={refusal} />}
          <PasswordInput
            label="Password"
            autoComplete="off"
            value={password}
            visibilityToggleButtonProps={{ 'aria-label': 'Show password' }}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          <div className="cs-actions">
            {removing !== null && (
              <Button variant="default" onClick={() => setRemoving(null)}>
                Keep it
              </Button>
            )}
            <Button
              type="submit"
              loading={busy}
              disabled={password === '' || (removing === null && name.trim() === '')}
            >
              {removing === null ? 'Register a passkey' : 'Remove it'}
            </Button>
          </div>
        </form>
      )}
    </section>
  );
}

/** Nothing is signed here: what is said of a passkey that did not answer while signing would send a person elsewhere. */
function forKeeping(refusal: Explanation): Explanation {
  if (refusal.code !== 'assertion-missing') return refusal;
  return {
    ...refusal,
    what: 'No passkey answered. Nothing was changed.',
    next: 'Enter the password again, and use the passkey when the browser asks for it.',
  };
}
