// What the desk (desk.ts) and the gate need from outside, as function types, besides ports.ts. main.ts fills them in;
// tests put fakes and a clock of their own here.
import type { CommandView } from '../contract/command.ts';
import type { AreaId, TagId, TerminalId, UserId } from '../contract/ids.ts';
import type { SigningComponents } from '../contract/passkey.ts';
import type { Refusal } from '../contract/problem.ts';
import type { Permission, PublicKey } from '../contract/session.ts';
import type { Requires } from '../contract/statement.ts';
import type { Tag } from '../plant/tag.ts';
import type { CommandRecord } from './command-record.ts';
import type { ReadStages } from './pace.ts';
import type { AppendAudit, Caller, CheckSigner, MayDo, Now, ReadDevice, ReadLatest, WriteToPlc } from './ports.ts';

/** Resolves after `ms` of the clock that Now reads; must not keep the process alive by itself. */
export type Wait = (ms: number) => Promise<void>;

/**
 * A signer's account, right, terminal, areas and networks now, whether or not his session still stands: a first signer
 * may have gone home before the second one signs; and the passkey that answered for his signature (`passkey`, its id),
 * which may have been taken away since. Asked again right before the write (CMD-2).
 */
export type MayStillSign = (
  signer: {
    readonly userId: UserId;
    readonly terminalId: TerminalId;
    readonly address: string;
    readonly passkey?: string | undefined;
  },
  permission: Permission,
  area: AreaId,
) => { readonly ok: true } | Refusal;

/** The enrolled, active terminal's public key; undefined for any other. */
export type PublicKeyOf = (terminal: TerminalId) => PublicKey | undefined;

/** The record of the configuration in force; every statement names it (SIG-6). */
export type ConfigurationInForce = () => { readonly seq: number; readonly digest: string };

/** SIG-3: what the next signing in this session must bring. */
export type ComponentsNeeded = (caller: Caller, policy?: SigningComponents) => Requires['components'];
/** SIG-7: what the caller's authenticator is to be asked with. */
export type PasskeyRequest = (caller: Caller) => Requires['passkey'];

/** Records of one command, oldest first; of its refused signatures the last 100. */
export type ReadCommandRecords = (command: string) => Promise<readonly CommandRecord[]>;
/** Ids of commands asked or proposed before record `before` (null: the newest), newest first, with the number of that record. */
export type ReadAskedCommands = (
  before: number | null,
  limit: number,
) => Promise<readonly { readonly command: string; readonly seq: number }[]>;
/** Ids of all commands that the log does not show as closed, oldest first. */
export type FindOpenCommands = () => Promise<readonly string[]>;

/** Ids of proposals that no person has taken up and no record closes (CMD-10), oldest first. */
export type FindOpenProposals = () => Promise<readonly string[]>;
/** Ids of break-glass commands that no break-glass.settled closes (CMD-13), oldest first. */
export type FindUnsettledBreakGlass = () => Promise<readonly string[]>;

export type DeskPorts = {
  readonly now: Now;
  readonly wait: Wait;
  readonly append: AppendAudit;
  readonly tags: ReadonlyMap<TagId, Tag>;
  readonly readLatest: ReadLatest;
  readonly readDevice: ReadDevice;
  readonly writeToPlc: WriteToPlc;
  readonly mayDo: MayDo;
  readonly mayStillSign: MayStillSign;
  readonly checkSigner: CheckSigner;
  readonly publicKeyOf: PublicKeyOf;
  readonly componentsNeeded: ComponentsNeeded;
  /** Absent: no passkeys here. */
  readonly passkeyRequest?: PasskeyRequest;
  readonly configuration: ConfigurationInForce;
  readonly readCommandRecords: ReadCommandRecords;
  readonly readAskedCommands: ReadAskedCommands;
  readonly findOpenCommands: FindOpenCommands;
  /** For the limits on the pace of a setpoint (CMD-2); asked only for tags that have one. */
  readonly readStages: ReadStages;
  readonly findOpenProposals: FindOpenProposals;
  readonly findUnsettledBreakGlass: FindUnsettledBreakGlass;
  /** Tells who watches (the live socket) that a command changed. Must not throw. */
  readonly announce: (view: CommandView) => void;
  /** A fault that nobody is waiting for: the process log. */
  readonly reportFault: (context: string, fault: unknown) => void;
};
