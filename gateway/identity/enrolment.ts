// Enrolling terminals (TRM-1): active by a one-time code, or by itself on the demo's loopback, otherwise pending until an
// administrator approves it with a signature. A key that is known stays what it is: asking again changes nothing.
import { createHash, randomBytes } from 'node:crypto';
import type { AreaId, TerminalId } from '../contract/ids.ts';
import { type Refusal, refuse } from '../contract/problem.ts';
import type { PublicKey } from '../contract/session.ts';
import type { AppendAudit, Now } from './ports.ts';
import { recordTerminalOf, type TerminalDocument, unknownTerminal } from './terminal.ts';
import type { TrustedRegistry } from './trusted-rows.ts';

/** What an approval or a code gives a terminal. */
export type Placement = {
  readonly location: string;
  readonly areas: readonly AreaId[];
  readonly networks: readonly string[];
};

/** A code is typed in at the new terminal: 16 letters and digits without look-alikes, 80 bits. */
const codeAlphabet = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const codeLength = 16;
const codeLifeMs = 15 * 60_000;
const maxCodes = 100;
/** Terminals that may wait for approval at a time; beyond it further ones are turned away. */
const maxPending = 200;

/** One-time enrolment codes: only their SHA-256 is kept, in memory; a restart voids them. */
export class EnrolmentCodes {
  readonly #codes = new Map<string, { readonly placement: Placement; readonly expiresAtMs: number }>();

  /** Null at the bound. The code is shown once, to the administrator who signed for it. */
  issue(placement: Placement, nowMs: number): { code: string; expiresAtMs: number } | null {
    for (const [digest, entry] of this.#codes) if (entry.expiresAtMs < nowMs) this.#codes.delete(digest);
    if (this.#codes.size >= maxCodes) return null;
    const code = [...randomBytes(codeLength)].map((byte) => codeAlphabet[byte % codeAlphabet.length]).join('');
    const expiresAtMs = nowMs + codeLifeMs;
    this.#codes.set(digestOf(code), { placement, expiresAtMs });
    return { code: code.replace(/(.{4})(?=.)/g, '$1-'), expiresAtMs };
  }

  /** Takes the code: it works once. Null for what is unknown, used or expired. */
  take(typed: string, nowMs: number): Placement | null {
    const digest = digestOf(typed.toUpperCase().replaceAll(/[^A-Z0-9]/g, ''));
    const entry = this.#codes.get(digest);
    if (entry === undefined) return null;
    this.#codes.delete(digest);
    return entry.expiresAtMs < nowMs ? null : entry.placement;
  }
}

export type EnrolmentRequest = {
  readonly id: TerminalId;
  readonly publicKey: PublicKey;
  readonly name: string;
  readonly code: string | undefined;
  readonly address: string;
};
export type Enrolled = { readonly ok: true; readonly created: boolean; readonly terminal: TerminalDocument };
export type Enrol = (request: EnrolmentRequest) => Promise<Enrolled | Refusal>;

type EnrolmentParts = {
  readonly now: Now;
  readonly append: AppendAudit;
  readonly terminals: TrustedRegistry<TerminalId, TerminalDocument>;
  readonly codes: EnrolmentCodes;
  /** The demo's placement for terminals on loopback; null: nothing is activated by itself. */
  readonly placementFor: (address: string) => Placement | null;
};

export function createEnrolment(parts: EnrolmentParts): Enrol {
  const { terminals } = parts;

  const refuseCode = async (request: EnrolmentRequest): Promise<Refusal> => {
    const record = await parts.append({
      kind: 'terminal.refused',
      actor: null,
      terminal: unknownTerminal(request.id),
      address: request.address,
      subject: terminals.subjectOf(request.id),
      detail: { code: 'enrolment-code-invalid', name: request.name },
    });
    return refuse(
      'enrolment-code-invalid',
      'The enrolment code is wrong, used or expired. Ask an administrator for a new one.',
      {
        field: 'code',
        record: record.seq,
      },
    );
  };

  /** A known key with a good code: what was pending becomes active; what was revoked stays so. */
  const activateKnown = async (
    request: EnrolmentRequest,
    placement: Placement,
  ): Promise<TerminalDocument | undefined> => {
    const changed = await terminals.change(request.id, (present) =>
      present.status !== 'pending'
        ? null
        : {
            document: { ...present, ...mutable(placement), status: 'active' },
            draft: {
              kind: 'terminal.enrolled',
              actor: null,
              terminal: recordTerminalOf({ ...present, areas: [...placement.areas] }),
              address: request.address,
              subject: terminals.subjectOf(request.id),
              new: { name: present.name, publicKey: present.publicKey, ...placement },
              detail: { by: 'code' },
            },
          },
    );
    return changed?.document;
  };

  return async (request) => {
    const known = terminals.get(request.id)?.document;
    if (known !== undefined && (known.status !== 'pending' || request.code === undefined))
      return { ok: true, created: false, terminal: known };
    const byCode = request.code === undefined ? null : parts.codes.take(request.code, parts.now());
    if (request.code !== undefined && byCode === null) return refuseCode(request);
    if (known !== undefined && byCode !== null) {
      const terminal = (await activateKnown(request, byCode)) ?? known;
      return { ok: true, created: false, terminal };
    }
    const placement = byCode ?? parts.placementFor(request.address);
    if (placement === null && terminals.all().filter((terminal) => terminal.status === 'pending').length >= maxPending)
      return refuse(
        'too-many-requests',
        'Too many terminals wait for approval. An administrator must look at them first.',
      );
    const document: TerminalDocument = {
      version: 1,
      id: request.id,
      name: request.name,
      publicKey: request.publicKey,
      status: placement === null ? 'pending' : 'active',
      ...mutable(placement ?? { location: '', areas: [], networks: [] }),
      enrolledAt: new Date(parts.now()).toISOString(),
    };
    const held = await terminals.create(request.id, document, {
      kind: placement === null ? 'terminal.requested' : 'terminal.enrolled',
      actor: null,
      terminal: recordTerminalOf(document),
      address: request.address,
      subject: terminals.subjectOf(request.id),
      new: {
        name: document.name,
        publicKey: document.publicKey,
        location: document.location,
        areas: document.areas,
        networks: document.networks,
      },
      detail: { by: placement === null ? 'request' : byCode === null ? 'demo-loopback' : 'code' },
    });
    if (held !== null) return { ok: true, created: true, terminal: held.document };
    // Somebody enrolled the same key meanwhile, or its row was tampered with: then the registry does not have it.
    const meanwhile = terminals.get(request.id)?.document;
    return meanwhile === undefined
      ? refuse('terminal-revoked', 'This terminal’s enrolment is not trusted any more. Make a new key and enrol it.')
      : { ok: true, created: false, terminal: meanwhile };
  };
}

function mutable(placement: Placement): { location: string; areas: AreaId[]; networks: string[] } {
  return { location: placement.location, areas: [...placement.areas], networks: [...placement.networks] };
}

function digestOf(code: string): string {
  return createHash('sha256').update('enrolment-code').update(code, 'utf8').digest('base64url');
}
