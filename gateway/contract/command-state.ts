// The states of a command (interfaces.md, "States of a command"), as plain words: the page uses them too, and loads no
// schema library for it. Shown with words of their own in hmi-web/texts.

/** How a command closes; `unknown` may still be resolved by a person (CMD-6). */
export const closedCommandStates = [
  'confirmed',
  'rejected',
  'failed',
  'unknown',
  'resolved',
  'refused',
  'expired',
  'withdrawn',
  'declined',
] as const;
export const commandStates = [
  'asked',
  'awaiting-countersignature',
  'accepted',
  'written',
  ...closedCommandStates,
  'proposed',
] as const;
export type CommandState = (typeof commandStates)[number];

export const closedStates: ReadonlySet<CommandState> = new Set<CommandState>(closedCommandStates);
