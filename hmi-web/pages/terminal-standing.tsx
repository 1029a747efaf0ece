// This terminal's standing with the gateway, asked for before anybody can sign in: unknown, pending, active, revoked.
// Used by the sign-in page. In the demo it enrols by itself; elsewhere a person gives it a name, and a code if there is one.
import { Button, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { RefusalNotice } from '../components/refusal-notice.tsx';
import type { Gateway } from '../gateway-client/gateway.ts';
import { Refused } from '../gateway-client/request.ts';
import { useGateway } from '../gateway-context.ts';
import { type Explanation, explainError } from '../model/refusal-words.ts';

type Found =
  | { readonly kind: 'active'; readonly name: string; readonly location: string }
  | { readonly kind: 'pending' | 'revoked' | 'unknown' }
  | { readonly kind: 'refused'; readonly explanation: Explanation };
export type Standing = (Found | { readonly kind: 'asking' }) & { readonly recheck: () => void };

export function useTerminalStanding(demo: boolean): Standing {
  const gateway = useGateway();
  const client = useQueryClient();
  const query = useQuery({
    queryKey: ['terminal'],
    queryFn: () => findStanding(gateway, demo),
    // An approval is noticed without a touch of the terminal.
    refetchInterval: (state) => (state.state.data?.kind === 'pending' ? 5000 : false),
    retry: (_count, error) => !(error instanceof Refused),
    retryDelay: 2000,
    staleTime: 0,
  });
  const recheck = () => void client.invalidateQueries({ queryKey: ['terminal'] });
  return { ...(query.data ?? { kind: 'asking' as const }), recheck };
}

async function findStanding(gateway: Gateway, demo: boolean): Promise<Found> {
  if (!gateway.mayBeKnown()) return introduce(gateway, demo);
  try {
    const view = await gateway.api.terminal();
    return view.status === 'active'
      ? { kind: 'active', name: view.name, location: view.location }
      : { kind: view.status };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const code = error.problem.code;
    if (code === 'terminal-pending') return { kind: 'pending' };
    if (code === 'terminal-revoked') return { kind: 'revoked' };
    if (code !== 'terminal-unknown' && code !== 'not-found')
      return { kind: 'refused', explanation: explainError(error) };
    return introduce(gateway, demo);
  }
}

/** The demo enrols by itself; elsewhere a person gives the name. */
async function introduce(gateway: Gateway, demo: boolean): Promise<Found> {
  if (!demo) return { kind: 'unknown' };
  const name = 'Demo terminal';
  const { status } = await gateway.api.enrol({ name, publicKey: gateway.terminal.publicKey });
  return status === 'active' ? { kind: 'active', name, location: '' } : { kind: status };
}

export function TerminalStanding({ standing }: { readonly standing: Standing }) {
  const gateway = useGateway();
  const identification = (
    <p className="cs-thumbprint">
      <span>Terminal’s identification</span>
      <code>{gateway.terminal.id}</code>
    </p>
  );
  switch (standing.kind) {
    case 'asking':
      return <p className="cs-muted">Looking up this terminal…</p>;
    case 'active':
      return (
        <p className="cs-muted cs-terminal-line">
          Terminal: <strong>{standing.name}</strong>
          {standing.location !== '' && `, ${standing.location}`}
        </p>
      );
    case 'pending':
      return (
        <section aria-live="polite">
          <h2>This terminal waits for approval</h2>
          <p>
            An administrator approves it under Administration, Terminals, after comparing the identification below. This
            page goes on by itself when that is done.
          </p>
          {identification}
          <CodeForm onDone={standing.recheck} />
        </section>
      );
    case 'revoked':
      return (
        <section role="alert">
          <h2>This terminal was revoked</h2>
          <p>Nobody can sign in here. Use another terminal; an administrator knows why.</p>
          {identification}
        </section>
      );
    case 'refused':
      return <RefusalNotice explanation={standing.explanation} />;
    case 'unknown':
      return <EnrolForm onDone={standing.recheck} />;
  }
}

/** A code that was given meanwhile spares the approval (TRM-1). */
function CodeForm({ onDone }: { readonly onDone: () => void }) {
  const gateway = useGateway();
  const [code, setCode] = useState('');
  const [refusal, setRefusal] = useState<Explanation | null>(null);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (code.trim() === '') return;
    setRefusal(null);
    try {
      // The terminal keeps the name that it was enrolled under.
      await gateway.api.enrol({ name: 'Terminal', publicKey: gateway.terminal.publicKey, code: code.trim() });
      onDone();
    } catch (error) {
      setCode('');
      setRefusal(explainError(error));
    }
  };
  return (
    <form onSubmit={submit} aria-label="Enrolment code">
      {refusal !== null && <RefusalNotice explanation={refusal} />}
      <TextInput
        label="Or enter an enrolment code"
        description="If an administrator gave you one: it works at once"
        maxLength={64}
        autoComplete="off"
        autoCapitalize="characters"
        spellCheck={false}
        value={code}
        onChange={(event) => setCode(event.currentTarget.value)}
      />
      <Button type="submit" variant="default" disabled={code.trim() === ''}>
        Use the code
      </Button>
    </form>
  );
}

function EnrolForm({ onDone }: { readonly onDone: () => void }) {
  const gateway = useGateway();
  const [name, setName] = useState('');
  const [code, setCode] = useState('');
  const [refusal, setRefusal] = useState<Explanation | null>(null);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() === '') return;
    try {
      await gateway.api.enrol({
        name: name.trim(),
        publicKey: gateway.terminal.publicKey,
        ...(code.trim() !== '' && { code: code.trim() }),
      });
      onDone();
    } catch (error) {
      setRefusal(explainError(error));
    }
  };
  return (
    <form onSubmit={submit} aria-label="Enrol this terminal">
      <h2>Enrol this terminal</h2>
      <p>The gateway does not know this terminal yet. Its key was made in this browser and cannot leave it.</p>
      {refusal !== null && <RefusalNotice explanation={refusal} />}
      <TextInput
        label="Name of the terminal"
        description="As people call the place: Panel 3, bioreactor hall"
        maxLength={80}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <TextInput
        label="Enrolment code"
        description="If an administrator gave you one; otherwise he approves the terminal afterwards"
        maxLength={64}
        autoComplete="off"
        value={code}
        onChange={(event) => setCode(event.currentTarget.value)}
      />
      <Button type="submit" disabled={name.trim() === ''}>
        Enrol
      </Button>
    </form>
  );
}
