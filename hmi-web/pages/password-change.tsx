// A person changes his own password (IDN-2): under his name while signed in, or from the sign-in page, where a password that
// has expired is changed as well. All sessions of the account end with it. Never keeps a password after it was sent.
import { Button, PasswordInput, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { RefusalNotice } from '../components/refusal-notice.tsx';
import { useGateway } from '../gateway-context.ts';
import { type Explanation, explainError } from '../model/refusal-words.ts';

const eye = { 'aria-label': 'Show password' };

/** `onDone` with the user name whose password it was. */
export function PasswordChange(props: { readonly onDone: (username: string) => void; readonly onCancel: () => void }) {
  const gateway = useGateway();
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const [fresh, setFresh] = useState('');
  const [again, setAgain] = useState('');
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Explanation | null>(null);
  const complete = username.trim() !== '' && password !== '' && fresh !== '' && again === fresh;

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy || !complete) return;
    setBusy(true);
    setRefusal(null);
    try {
      await gateway.api.changePassword({ username: username.trim(), password, newPassword: fresh });
      props.onDone(username.trim());
    } catch (error) {
      setRefusal(explainError(error));
    } finally {
      for (const forget of [setPassword, setFresh, setAgain]) forget('');
      setBusy(false);
    }
  };

  return (
    <form onSubmit={submit} aria-label="Change password" autoComplete="off" className="cs-password-change">
      <p className="cs-muted">
        All your sessions end with it, at other terminals too; then you sign in with the new password.
      </p>
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
        label="Present password"
        autoComplete="off"
        visibilityToggleButtonProps={eye}
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
      />
      <PasswordInput
        label="New password"
        autoComplete="new-password"
        visibilityToggleButtonProps={eye}
        value={fresh}
        onChange={(event) => setFresh(event.currentTarget.value)}
      />
      <PasswordInput
        label="New password once more"
        autoComplete="new-password"
        visibilityToggleButtonProps={eye}
        value={again}
        error={again !== '' && !fresh.startsWith(again) ? 'Not the same as above.' : undefined}
        onChange={(event) => setAgain(event.currentTarget.value)}
      />
      <div className="cs-actions">
        <Button variant="default" onClick={props.onCancel}>
          Cancel
        </Button>
        <Button type="submit" loading={busy} disabled={!complete}>
          Change password
        </Button>
      </div>
    </form>
  );
}
