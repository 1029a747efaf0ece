// Names and payloads of the live socket (socket.io at /socket.io). Values travel in binary frames (live-frame.ts),
// everything else as JSON events. The proof is `auth.dpop`, made for `GET <origin>/socket.io/`.
import type { CommandView } from './command.ts';
import type { AreaId, TagId } from './ids.ts';
import type { LogVerification } from './log-verification.ts';
import type { ConnectionView } from './tag.ts';
import type { UnattributedChange } from './unattributed-change.ts';

/** Sent by the client with `join`; acknowledged with the layout; then one snapshot frame an area, then changes. */
export type JoinRequest = { readonly areas: readonly AreaId[] };
export type LiveLayout = {
  /** Frames carry it; a frame of another layout version is dropped and the client joins again. */
  readonly version: number;
  readonly areas: readonly { readonly index: number; readonly id: AreaId }[];
  readonly tags: readonly { readonly index: number; readonly id: TagId; readonly area: AreaId }[];
};
export type JoinAnswer =
  | { readonly ok: true; readonly layout: LiveLayout }
  | { readonly ok: false; readonly code: string; readonly detail: string };

export type ServerEvents = {
  frame: (frame: ArrayBuffer | Uint8Array) => void;
  command: (command: CommandView) => void;
  connection: (connection: ConnectionView) => void;
  /** A setpoint changed in the PLC without a command from here, and that is on record (CMD-11). */
  unattributed: (change: UnattributedChange) => void;
  /** How the gateway's own check of its log goes (AUD-5); told when it changes. */
  verification: (view: LogVerification) => void;
  /** The client was too slow: it left the broadcast and now gets a fresh snapshot. */
  lagged: (notice: { droppedFrames: number }) => void;
  /** The session is over (idle, ended, terminal revoked); the socket closes next. */
  'session-ended': (notice: { code: string; detail: string }) => void;
  /** Every few seconds, so that a silent plant and a lost gateway look different. */
  heartbeat: (beat: { timeMs: number }) => void;
};
export type ClientEvents = {
  join: (request: JoinRequest, answer: (answer: JoinAnswer) => void) => void;
};
