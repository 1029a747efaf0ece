// What a person fills in before a signed action is made: where a terminal stands, what was done about a locked account, what
// a machine may do. Part of action-dialog.tsx. The gateway checks it all when it makes the statement.
import { Button, Checkbox, NumberInput, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { AreaView } from '../../gateway/contract/tag.ts';
import type { TokenScope } from '../../gateway/contract/token.ts';
import { tokenScopes } from '../texts/en.ts';
import type { SignedAction } from './signed-action.ts';

type Form = {
  readonly location: string;
  readonly areas: readonly string[];
  readonly networks: string;
  readonly actionTaken: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly days: number | string;
};

export function ActionPreparation(props: {
  readonly action: SignedAction;
  readonly busy: boolean;
  readonly onClose: () => void;
  readonly onReady: (change: Record<string, unknown> | null) => void;
}) {
  const { action } = props;
  const [form, setForm] = useState<Form>(() => startOf(action));
  const set = (part: Partial<Form>) => setForm((present) => ({ ...present, ...part }));
  const change = changeOf(action, form);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (change !== undefined) props.onReady(change);
  };
  return (
    <form onSubmit={submit} className="cs-signature">
      {action.name === 'approve' && (
        <p>
          Compare this identification with the one on the terminal’s own screen:{' '}
          <code className="cs-break">{action.id}</code>
        </p>
      )}
      {action.name === 'issue' && action.noun === 'enrolment-codes' && (
        <p>The code is typed in at the new terminal. It works once, within 15 minutes, and gives it this place:</p>
      )}
      {(action.name === 'approve' || (action.name === 'issue' && action.noun === 'enrolment-codes')) && (
        <>
          <TextInput
            label="Location"
            value={form.location}
            maxLength={120}
            onChange={(event) => set({ location: event.currentTarget.value })}
          />
          <Areas areas={action.areas} value={form.areas} onChange={(areas) => set({ areas })} />
          <Networks value={form.networks} onChange={(networks) => set({ networks })} />
        </>
      )}
      {action.name === 'issue' && action.noun === 'tokens' && (
        <>
          <TextInput
            label="Name"
            description="The system that will use it, as people will see it beside a proposal"
            value={form.name}
            maxLength={80}
            onChange={(event) => set({ name: event.currentTarget.value })}
          />
          <div className="cs-columns">
            <Checkbox.Group label="It may" value={[...form.scopes]} onChange={(scopes) => set({ scopes })}>
              {(Object.keys(tokenScopes) as TokenScope[]).map((scope) => (
                <Checkbox key={scope} value={scope} label={tokenScopes[scope]} mt={8} size="md" />
              ))}
            </Checkbox.Group>
            <Areas areas={action.areas} value={form.areas} onChange={(areas) => set({ areas })} />
          </div>
          <Networks value={form.networks} onChange={(networks) => set({ networks })} optional />
          <NumberInput
            label="Valid for days"
            description="366 at most"
            min={1}
            max={366}
            allowDecimal={false}
            value={form.days}
            onChange={(days) => set({ days })}
          />
        </>
      )}
      {action.name === 'revoke' && (
        <p>
          {action.noun === 'terminals'
            ? 'The terminal can do nothing any more from now on; its sessions end at once.'
            : 'The token is worth nothing from this moment on. What it has proposed stays on record. Say in the comment why.'}
        </p>
      )}
      {action.name === 'remove-passkey' && (
        <p>It signs nothing from this moment on, and cannot come back. Say in the comment what happened to it.</p>
      )}
      {action.name === 'unlock' && (
        <>
          <p>In the next step, say in the comment why the account was locked.</p>
          <TextInput
            label="Action taken"
            description="What was done about it"
            maxLength={200}
            value={form.actionTaken}
            onChange={(event) => set({ actionTaken: event.currentTarget.value })}
          />
        </>
      )}
      <div className="cs-actions">
        <Button variant="default" onClick={props.onClose}>
          Cancel
        </Button>
        <Button type="submit" loading={props.busy} disabled={change === undefined}>
          Continue to sign
        </Button>
      </div>
    </form>
  );
}

function Areas(props: {
  readonly areas: readonly AreaView[];
  readonly value: readonly string[];
  readonly onChange: (areas: readonly string[]) => void;
}) {
  return (
    <Checkbox.Group
      label="Areas"
      description="With all that lies within them"
      value={[...props.value]}
      onChange={props.onChange}
    >
      {props.areas.map((area) => (
        <Checkbox key={area.id} value={area.id} label={area.name} mt={8} size="md" />
      ))}
    </Checkbox.Group>
  );
}

function Networks(props: {
  readonly value: string;
  readonly optional?: boolean;
  readonly onChange: (networks: string) => void;
}) {
  return (
    <TextInput
      label={props.optional === true ? 'Networks (optional)' : 'Networks'}
      description={`Addresses that it may call from, such as 10.20.0.0/16; separated by commas${props.optional === true ? '. Empty: any' : ''}`}
      value={props.value}
      onChange={(event) => props.onChange(event.currentTarget.value)}
    />
  );
}

function startOf(action: SignedAction): Form {
  const terminal = action.name === 'approve' ? action.terminal : null;
  return {
    location: terminal?.location ?? '',
    areas: terminal?.areas ?? [],
    networks: terminal?.networks.join(', ') ?? '',
    actionTaken: '',
    name: '',
    scopes: ['propose'],
    days: 90,
  };
}

/** What the statement is to say; null where there is nothing to fill in, undefined while something is missing. */
function changeOf(action: SignedAction, form: Form): Record<string, unknown> | null | undefined {
  const networks = form.networks.split(/[\s,;]+/).filter((network) => network !== '');
  const { areas } = form;
  if (action.name === 'revoke') return action.noun === 'tokens' ? null : {};
  if (action.name === 'remove-passkey') return null;
  if (action.name === 'unlock')
    return form.actionTaken.trim() === '' ? undefined : { actionTaken: form.actionTaken.trim() };
  if (areas.length === 0) return undefined;
  if (action.name === 'issue' && action.noun === 'tokens') {
    const days = Number(form.days);
    const fits =
      form.name.trim() !== '' && form.scopes.length > 0 && Number.isInteger(days) && days >= 1 && days <= 366;
    if (!fits) return undefined;
    const terms = { name: form.name.trim(), scopes: form.scopes, areas, expiresInDays: days };
    return networks.length === 0 ? terms : { ...terms, networks };
  }
  const location = form.location.trim();
  return location === '' || networks.length === 0 ? undefined : { location, areas, networks };
}
