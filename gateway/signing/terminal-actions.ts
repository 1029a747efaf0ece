// What an administrator may do to terminals, each time with his signature: approve or move one, revoke one at once with
// its sessions (TRM-4), issue a one-time enrolment code (TRM-1).
import { z } from 'zod';
import { areaIdSchema, lineSchema, type TerminalId } from '../contract/ids.ts';
import { type Refusal, refuse } from '../contract/problem.ts';
import type { PublicKey } from '../contract/session.ts';
import type { Offer, SignatureBody } from '../contract/statement.ts';
import type { SignedIn } from '../identity/caller.ts';
import type { Placement } from '../identity/enrolment.ts';
import { isNetwork } from '../identity/networks.ts';
import type { People } from '../identity/people.ts';
import type { TerminalDocument } from '../identity/terminal.ts';
import type { SignedActions } from './signed-actions.ts';

const placementSchema = z.strictObject({
  location: lineSchema(200),
  areas: z.array(areaIdSchema).min(1).max(1000),
  networks: z.array(z.string().max(64)).min(1).max(100),
});
const approvalSchema = placementSchema.extend({ name: lineSchema(80).optional() });

type Key = { readonly id: TerminalId; readonly publicKey: PublicKey };
type Offered = { readonly ok: true; readonly offer: Offer } | Refusal;
const codesSubject = 'terminal:new';

export type TerminalActions = {
  offer(caller: SignedIn, id: TerminalId, action: 'approve' | 'revoke', change: unknown): Offered;
  sign(
    caller: SignedIn,
    key: Key,
    id: TerminalId,
    body: SignatureBody,
  ): Promise<{ readonly ok: true; readonly result: TerminalDocument } | Refusal>;
  offerCode(caller: SignedIn, change: unknown): Offered;
  signCode(
    caller: SignedIn,
    key: Key,
    body: SignatureBody,
  ): Promise<{ readonly ok: true; readonly result: { readonly code: string; readonly expiresAtMs: number } } | Refusal>;
};

export function createTerminalActions(people: People, actions: SignedActions): TerminalActions {
  const { terminals } = people;

  const badPlace = (placement: Placement): Refusal | null => {
    const area = placement.areas.find((id) => !people.parts.areas.some((known) => known.id === id));
    if (area !== undefined)
      return refuse('malformed-request', `There is no area "${area}".`, { field: 'change.areas' });
    const network = placement.networks.find((text) => !isNetwork(text));
    return network === undefined
      ? null
      : refuse('malformed-request', `"${network}" is no network; write 10.1.0.0/16.`, { field: 'change.networks' });
  };

  const approve = async (
    id: TerminalId,
    change: unknown,
    record: Parameters<Parameters<SignedActions['sign']>[5]>[0]['record'],
  ): Promise<TerminalDocument | Refusal> => {
    const { name, ...placement } = approvalSchema.parse(change);
    let revoked = false;
    const held = await terminals.change(id, (present) => {
      revoked = present.status === 'revoked';
      if (revoked) return null;
      const document: TerminalDocument = { ...present, ...placement, name: name ?? present.name, status: 'active' };
      return {
        document,
        draft: { ...record, kind: 'terminal.approved', old: changeable(present), new: changeable(document) },
      };
    });
    if (held === undefined) return refuse('not-found', 'There is no such terminal.');
    return revoked ? refuse('wrong-stage', 'A revoked terminal stays revoked. Enrol a new key.') : held.document;
  };

  const revoke = async (
    caller: SignedIn,
    id: TerminalId,
    record: Parameters<Parameters<SignedActions['sign']>[5]>[0]['record'],
  ): Promise<TerminalDocument | Refusal> => {
    let before = false;
    const held = await terminals.change(id, (present) => {
      before = present.status === 'revoked';
      if (before) return null;
      const document: TerminalDocument = { ...present, status: 'revoked' };
      return {
        document,
        draft: { ...record, kind: 'terminal.revoked', old: changeable(present), new: changeable(document) },
      };
    });
    if (held === undefined) return refuse('not-found', 'There is no such terminal.');
    if (before) return refuse('wrong-stage', 'The terminal is revoked already.');
    await people.sessions.endAll((session) => session.terminalId === id, 'terminal-revoked', caller);
    return held.document;
  };

  return {
    offer(caller, id, action, change) {
      const terminal = terminals.get(id)?.document;
      if (terminal === undefined) return refuse('not-found', 'There is no such terminal.');
      if (terminal.status === 'revoked')
        return refuse('wrong-stage', 'A revoked terminal stays revoked. Enrol a new key.');
      const about = terminals.subjectOf(id);
      if (action === 'revoke')
        return actions.offer(caller, {
          purpose: 'revoke',
          about,
          description: `Revoke terminal "${terminal.name}" for good and end its sessions`,
          change: { status: 'revoked' },
        });
      const parsed = approvalSchema.safeParse(change);
      if (!parsed.success) return malformedChange(parsed.error);
      const bad = badPlace(parsed.data);
      if (bad !== null) return bad;
      const { name, ...placement } = parsed.data;
      return actions.offer(caller, {
        purpose: 'approve',
        about,
        description: `Approve terminal "${terminal.name}" at ${placement.location}`,
        change: { ...placement, ...(name === undefined ? {} : { name }) },
      });
    },

    sign(caller, key, id, body) {
      return actions.sign(
        caller,
        key,
        terminals.subjectOf(id),
        'terminal.refused',
        body,
        async ({ subject, record }) => {
          const done =
            subject.purpose === 'revoke' ? await revoke(caller, id, record) : await approve(id, subject.change, record);
          return 'code' in done ? done : { ok: true, result: done };
        },
      );
    },

    offerCode(caller, change) {
      const parsed = placementSchema.safeParse(change);
      if (!parsed.success) return malformedChange(parsed.error);
      return (
        badPlace(parsed.data) ??
        actions.offer(caller, {
          purpose: 'issue-code',
          about: codesSubject,
          description: `Issue a one-time enrolment code for a terminal at ${parsed.data.location}`,
          change: parsed.data,
        })
      );
    },

    signCode(caller, key, body) {
      return actions.sign(caller, key, codesSubject, 'terminal.refused', body, async ({ subject, record }) => {
        const placement = placementSchema.parse(subject.change);
        const issued = people.codes.issue(placement, people.parts.now());
        if (issued === null) return refuse('too-many-requests', 'Too many enrolment codes are open.');
        await people.parts.append({
          ...record,
          kind: 'terminal.code-issued',
          new: { ...placement, expiresAt: new Date(issued.expiresAtMs).toISOString() },
        });
        return { ok: true, result: issued };
      });
    },
  };
}

function changeable(terminal: TerminalDocument) {
  const { name, status, location, areas, networks } = terminal;
  return { name, status, location, areas, networks };
}

function malformedChange(error: z.ZodError): Refusal {
  const issue = error.issues[0];
  return refuse('malformed-request', `change.${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'malformed'}.`, {
    field: `change.${issue?.path.join('.') ?? ''}`,
  });
}
