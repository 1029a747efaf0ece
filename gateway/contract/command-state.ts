// The states of a command (interfaces.md, "States of a command"), as plain words: the page uses them too, and loads no
// schema library for it. Shown with words of their own in hmi-web/texts.
export const commandStates = [
  'asked',
  'awaiting-countersignature',
  'accepted',
  'written',
  'confirmed',
  'rejected',
  'failed',
  'unknown',
  'resolved',
  'refused',
  'expired',
  'withdrawn',
  'declined',
  'proposed',
] as const;
export type CommandState = (typeof commandStates)[number];

/** Closed states; `unknown` may still be resolved by a person (CMD-6). */
export const closedStates: ReadonlySet<CommandState> = new Set<CommandState>([
  'confirmed',
  'rejected',
  'failed',
  'unknown',
  'resolved',
  'refused',
  'expired',
  'withdrawn',
  'declined',
]);
