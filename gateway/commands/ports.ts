// What commands/ needs from outside, as function types.
import type { Actor, RecordTerminal } from '../contract/audit-record.ts';
import type { AreaId, CommandId, TerminalId, UserId } from '../contract/ids.ts';
import type { Assertion, SigningComponents } from '../contract/passkey.ts';
import type { Refusal } from '../contract/problem.ts';
import type { Permission } from '../contract/session.ts';
import type { SignatureBody } from '../contract/statement.ts';
import type { Latest } from '../contract/tag.ts';
import type { DeviceReading } from '../plant/sample.ts';
import type { Tag } from '../plant/tag.ts';
import type { AuthorisedWrite } from './gate.ts';

export type { AppendAudit, LookUpStanding, Now, StateChange } from '../identity/ports.ts';

/** Who asks, from where: made by http/ from a proven session, passed down with every call. */
export type Caller = {
  readonly userId: UserId;
  readonly actor: Actor;
  readonly terminalId: TerminalId;
  readonly terminal: RecordTerminal;
  readonly address: string;
  readonly sessionId: string;
};

/** A machine with an access token (CMD-10): it may propose, and sign nothing. */
export type Machine = {
  readonly actor: Actor;
  readonly address: string;
  readonly mayActIn: (area: AreaId) => boolean;
};

/** Right, terminal's areas and networks, certification, account and session still standing: asked anew each time. */
export type MayDo = (caller: Caller, permission: Permission, area: AreaId) => { readonly ok: true } | Refusal;

/**
 * The driver's write. `not-sent`: provably nothing left for the device. `rejected`: the device answered no.
 * `unknown`: sent, or perhaps sent, and no answer (CMD-5).
 */
export type WriteResult =
  | { readonly kind: 'written'; readonly status: string }
  | { readonly kind: 'rejected'; readonly status: string; readonly detail: string }
  | { readonly kind: 'not-sent'; readonly detail: string }
  | { readonly kind: 'unknown'; readonly detail: string };
export type WriteToPlc = (write: AuthorisedWrite) => Promise<WriteResult>;

/** Reads the device itself, now; `timeoutMs` bounds it. */
export type ReadDevice = (tag: Tag, timeoutMs: number) => Promise<DeviceReading>;

/** Latest value from the tag store. */
export type ReadLatest = (tag: Tag) => Latest;

/**
 * Checks a signer's components (password) and standing; records refusals itself and counts failures (IDN-3): its
 * Refusal carries `record`. `about` puts the refusal's record into the history of the command that was to be signed.
 */
export type SignerCheck =
  | {
      readonly ok: true;
      readonly userId: UserId;
      readonly actor: Actor;
      /** Records that this signature stands on, by number. */
      readonly standsOn: {
        readonly account: number;
        readonly certification: number;
        readonly terminal: number;
        readonly configuration: number;
        readonly passkey?: number;
      };
      /** The passkey's verified answer, where the policy asks for one (SIG-7). */
      readonly assertion?: Assertion;
    }
  | Refusal;
export type CheckSigner = (
  caller: Caller,
  claimedSigner: string,
  body: SignatureBody,
  permission: Permission,
  area: AreaId,
  about?: { readonly command: CommandId; readonly subject: string },
  /** Of the tag's policy; absent: the password. */
  policy?: SigningComponents,
) => Promise<SignerCheck>;
