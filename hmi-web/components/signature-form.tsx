// What a person fills in to sign: reason, comment, meaning, who, password (SIG-2, SIG-3, SIG-4). Values in, a person out.
// Keeps what was typed over a refusal, except the password: that is forgotten as soon as it was used.
import { Button, PasswordInput, Switch, Textarea, TextInput } from '@mantine/core';
import { type FormEvent, type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react';
import type { Meaning, Requires } from '../../gateway/contract/statement.ts';
import type { SignaturePerson } from '../gateway-client/command-signing.ts';
import type { Explanation } from '../model/refusal-words.ts';
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
  /** Why the last signature was not taken: each new one brings the focus to what has to be filled in again. */
  readonly refused?: Explanation | null;
  readonly submitLabel: string;
  /** It takes the focus each time this grows, and leaves it alone at 0. Absent: it takes it when it is shown. */
  readonly focusTurn?: number;
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
  const focusTurn = props.focusTurn ?? 1;
  useEffect(() => {
    if (focusTurn > 0) form.current?.querySelector<HTMLElement>('input, textarea')?.focus();
  }, [focusTurn]);
  const draft = { reason, comment, meaning, username, password, asksName };
  const missing = missingParts(requires, draft);
  const errorOf = (part: keyof typeof missing) => (tried ? missing[part] : undefined);

  const focusOn = (part: string | undefined) =>
    form.current
      ?.querySelector<HTMLElement>(
        `[data-part="${part}"] input, [data-part="${part}"] textarea, input[data-part="${part}"], textarea[data-part="${part}"]`,
      )
      ?.focus();
  /** To what is still empty behind `done`: a person who has chosen or typed goes on without reaching for it (HMI-3). */
  const goOn = (done: keyof typeof missing) =>
    focusOn((['reason', 'comment', 'username', 'password'] as const).find((part) => part !== done && part in missing));
  const onEnter = (part: 'comment' | 'username') => (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    const rest = Object.keys(missing).filter((name) => name !== part);
    // Where nothing is left to fill in, Enter signs; in a comment of several lines it needs Shift for a new one.
    if (rest.length === 0 && part === 'username') return;
    event.preventDefault();
    if (rest.length === 0) form.current?.requestSubmit();
    else goOn(part);
  };

  const { refused } = props;
  // biome-ignore lint/correctness/useExhaustiveDependencies: once a refusal, whatever is typed after it
  useEffect(() => {
    if (refused != null) focusOn(Object.keys(missing)[0]);
  }, [refused]);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (props.busy || props.disabled === true) return;
    setTried(true);
    const first = Object.keys(missing)[0];
    if (first !== undefined || meaning === null) return focusOn(first);
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
          onPicked={() => goOn('reason')}
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
          enterKeyHint="next"
          onKeyDown={onEnter('comment')}
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
              enterKeyHint="next"
              onKeyDown={onEnter('username')}
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
          {asksPasskey && (
            <p className="cs-passkey-hint">Then the browser asks for the signer’s passkey or security key.</p>
          )}
        </div>
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
