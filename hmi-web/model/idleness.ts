// When an unattended session is about to end (IDN-5): pure arithmetic for pages/idle-watch.tsx.
// The gateway ends it by its own clock; this only warns, one minute before.

export const warningMs = 60_000;
/** A busy person's presence is told to the gateway at most this often. */
export const presenceEveryMs = 30_000;

export type Idleness =
  | { readonly kind: 'present' }
  | { readonly kind: 'warning'; readonly leftMs: number }
  | { readonly kind: 'over' };

/** `toldAtMs`: when the gateway last heard of a person here. */
export function idlenessOf(toldAtMs: number, nowMs: number, timeoutMs: number): Idleness {
  const leftMs = toldAtMs + timeoutMs - nowMs;
  if (leftMs <= 0) return { kind: 'over' };
  // A time-out shorter than two warnings warns in its second half.
  return leftMs <= Math.min(warningMs, timeoutMs / 2) ? { kind: 'warning', leftMs } : { kind: 'present' };
}

/** Whether a touch or key at `nowMs` is worth telling the gateway. */
export function shouldTellPresence(toldAtMs: number, nowMs: number, timeoutMs: number): boolean {
  return nowMs - toldAtMs >= Math.min(presenceEveryMs, timeoutMs / 4);
}
