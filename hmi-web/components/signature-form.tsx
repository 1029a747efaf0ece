// What a person fills in to sign: reason, comment, meaning, who, password (SIG-2, SIG-3, SIG-4). Values in, a person out.
// Keeps what was typed over a refusal, except the password: that is forgotten as soon as it was used.
import { Button, PasswordInput, Switch, Textarea, TextInput } from '@mantine/core';
import { type FormEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react';
import type { Meaning, Requires } from '../../gateway/contract/statement.ts';
import type { SignaturePerson } from '../gateway-client/command-signing.ts';
import { missingParts } from '../model/signature-parts.ts';
import { meanings } from '../texts/en.ts';
import { Choice } from './choice.tsx';

export function SignatureForm(props: {
  readonly requires: Requires;
  /** Who is signed in at this terminal. */
  readonly sessionUser: { readonly name: string; readonly printedName: string };
  /** True where only somebody else may sign (countersignature). */
  readonly otherPersonOnly?: boolean;
  readonly busy: boolean;
  readonly disabled?: boolean;
  readonly submitLabel: string;
  readonly onSign: (person: SignaturePerson) => void;
  readonly secondary?: ReactNode;
}) {
  const { requires, sessionUser } = props;
  const form = useRef<HTMLFormElement>(null);
  const id = useId();
  const [reason, setReason] = useState<string | null>(null);
  const [comment, setComment] = useState('');
  const [meaning, setMeaning] = useState<Meaning | null>(requires.meanings[0] ?? null);
  const [otherPerson, setOtherPerson] = useState(props.otherPersonOnly === true);
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const [tried, setTried] = useState(false);
  const asksName = otherPerson || requires.components.includes('username');
  const asksPassword = requires.components.includes('password');
  const asksPasskey = requires.components.includes('passkey');
  // The next thing to do is here: the focus comes along, so that Enter after Enter leads to the signature.
  useEffect(() => form.current?.querySelector<HTMLElement>('input, textarea')?.focus(), []);
  const draft = { reason, comment, meaning, username, password, asksName };
  const missing = missingParts(requires, draft);
  const errorOf = (part: keyof typeof missing) => (tried ? missing[part] : undefined);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (props.busy || props.disabled === true) return;
    setTried(true);
    const first = Object.keys(missing)[0];
    if (first !== undefined || meaning === null) {
      form.current
        ?.querySelector<HTMLElement>(
          `[data-part="${first}"] input, [data-part="${first}"] textarea, input[data-part="${first}"], textarea[data-part="${first}"]`,
        )
        ?.focus();
      return;
    }
    props.onSign({
      signer: asksName ? username.trim() : sessionUser.name,
      meaning,
      reasonCode: reason,
      comment: comment.trim() === '' ? null : comment.trim(),
      username: asksName ? username.trim() : undefined,
      password: asksPassword ? password : '',
      otherPerson,
    });
    setPassword('');
    setTried(false);
  };

  return (
    <form ref={form} onSubmit={submit} className="cs-signature" aria-label="Signature" autoComplete="off">
      {requires.reasonCodes.length > 0 && (
        <Choice
          part="reason"
          legend={requires.reason === 'required' ? 'Reason' : 'Reason (optional)'}
          name={`${id}-reason`}
          options={requires.reasonCodes.map(({ code, text }) => ({ value: code, label: text }))}
          value={reason}
          error={errorOf('reason')}
          onChange={setReason}
        />
      )}
      {requires.comment !== 'none' && (
        <Textarea
          label={requires.comment === 'required' ? 'Comment' : 'Comment (optional)'}
          data-part="comment"
          autosize={false}
          rows={2}
          maxLength={2000}
          value={comment}
          error={errorOf('comment')}
          onChange={(event) => setComment(event.currentTarget.value)}
        />
      )}
      {requires.meanings.length > 1 ? (
        <Choice
          part="meaning"
          legend="Meaning of the signature"
          name={`${id}-meaning`}
          compact
          options={requires.meanings.map((value) => ({ value, label: meanings[value] }))}
          value={meaning}
          error={errorOf('meaning')}
          onChange={(value) => setMeaning(requires.meanings.find((entry) => entry === value) ?? null)}
        />
      ) : (
        <p className="cs-muted">
          Meaning of the signature: <strong>{meaning === null ? 'none allowed' : meanings[meaning]}</strong>
        </p>
      )}
      <div className="cs-signer">
        {props.otherPersonOnly !== true && (
          <div className="cs-signer-line">
            {!otherPerson && (
              <span>
                Signs: <strong>{sessionUser.printedName}</strong>
              </span>
            )}
            <Switch
              label="Another person signs here"
              checked={otherPerson}
              onChange={(event) => setOtherPerson(event.currentTarget.checked)}
            />
          </div>
        )}
        <div className="cs-components" data-both={asksName}>
          {asksName && (
            <TextInput
              label="User name"
              data-part="username"
              autoComplete="off"
              autoCapitalize="none"
              spellCheck={false}
              value={username}
              error={errorOf('username')}
              onChange={(event) => setUsername(event.currentTarget.value)}
            />
          )}
          {asksPassword && (
            <PasswordInput
              label="Password"
              data-part="password"
              autoComplete="off"
              data-1p-ignore
              value={password}
              error={errorOf('password')}
              visibilityToggleButtonProps={{ 'aria-label': 'Show password' }}
              onChange={(event) => setPassword(event.currentTarget.value)}
            />
          )}
        </div>
        {asksPasskey && <p className="cs-muted">Then the browser asks for the signer’s passkey or security key.</p>}
      </div>
      <div className="cs-actions">
        {props.secondary}
        <Button type="submit" loading={props.busy} disabled={props.disabled === true}>
          {props.submitLabel}
        </Button>
      </div>
    </form>
  );
}
