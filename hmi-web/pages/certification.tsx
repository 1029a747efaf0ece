// SIG-9: a person certifies once that the electronic signature is binding; shown before the first signature, printable.
// Signs the digest of exactly the text on this page. Loaded when opened.
import { Button, PasswordInput, TextInput } from '@mantine/core';
import { IconPrinter } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { LoadingPage } from '../components/loading-page.tsx';
import { RefusalNotice } from '../components/refusal-notice.tsx';
import { useGateway, useNow, useSession } from '../gateway-context.ts';
import { type Explanation, explainError } from '../model/refusal-words.ts';
import { plantTime } from '../model/times.ts';
import '../styles/pages.css';

export function CertificationPage() {
  const gateway = useGateway();
  const session = useSession();
  const client = useQueryClient();
  const navigate = useNavigate();
  const today = plantTime(useNow(), session.plant.timeZone);
  const offer = useQuery({
    queryKey: ['certification'],
    queryFn: () => gateway.api.certification(),
    gcTime: 0,
    staleTime: 240_000,
  });
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Explanation | null>(null);
  const [done, setDone] = useState<{ certifiedAt: string; record: number } | null>(null);
  if (offer.data === undefined) return <LoadingPage error={offer.error} />;
  const text = offer.data;

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy || username.trim() === '' || password === '') return;
    setBusy(true);
    setRefusal(null);
    try {
      const statement = await gateway.certify(text, username.trim());
      const result = await gateway.api.certify({ statement, username: username.trim(), password });
      setDone(result);
      await client.invalidateQueries({ queryKey: ['session'] });
      void client.invalidateQueries({ queryKey: ['tags'] });
    } catch (error) {
      setRefusal(explainError(error));
      // A nonce is good for one attempt; the text stays the same, or the new one is shown.
      void offer.refetch();
    } finally {
      setPassword('');
      setBusy(false);
    }
  };

  const signed = done !== null ? plantTime(done.certifiedAt, session.plant.timeZone) : null;
  return (
    <section className="cs-page">
      <div className="cs-page-head">
        <h1>Certification of the electronic signature</h1>
        <Button
          className="cs-no-print"
          variant="default"
          leftSection={<IconPrinter size={18} aria-hidden="true" />}
          onClick={() => window.print()}
        >
          Print
        </Button>
      </div>
      <article className="cs-card">
        <p className="cs-certificate">{text.text}</p>
        <dl className="cs-facts">
          <dt>Person</dt>
          <dd>
            <strong>{session.user.printedName}</strong> ({session.user.name})
          </dd>
          <dt>Plant</dt>
          <dd>{session.plant.name}</dd>
          <dt>Text</dt>
          <dd>version {text.version}</dd>
          <dt>{signed === null ? 'Today' : 'Certified'}</dt>
          <dd>
            {(signed ?? today).local} ({(signed ?? today).offset}){done !== null && <> · record {done.record}</>}
          </dd>
        </dl>
      </article>
      {done !== null || session.certified ? (
        <div className="cs-card cs-no-print" role="status">
          <p>
            <strong>You have certified your signature.</strong> You can sign commands from now on.
          </p>
          <div className="cs-actions">
            <Button onClick={() => void navigate({ to: '/' })} autoFocus>
              Go to the process screen
            </Button>
          </div>
        </div>
      ) : (
        <form
          className="cs-card cs-no-print"
          onSubmit={submit}
          style={{ maxWidth: 480 }}
          autoComplete="off"
          aria-label="Certify"
        >
          <p>Sign this once with user name and password. Before that no command can be signed.</p>
          {refusal !== null && <RefusalNotice explanation={refusal} />}
          <TextInput
            label="User name"
            autoFocus
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            value={username}
            onChange={(event) => setUsername(event.currentTarget.value)}
          />
          <PasswordInput
            label="Password"
            autoComplete="off"
            value={password}
            visibilityToggleButtonProps={{ 'aria-label': 'Show password' }}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          <div className="cs-actions">
            <Button variant="default" onClick={() => void navigate({ to: '/tags' })}>
              Not now
            </Button>
            <Button type="submit" loading={busy} disabled={username.trim() === '' || password === ''}>
              Certify
            </Button>
          </div>
        </form>
      )}
    </section>
  );
}
