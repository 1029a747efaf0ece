// Whether this page still hears the gateway: pure transitions, driven by live-link.ts with its own monotonic clock.
// A silent plant keeps beating; a lost gateway does not. Five seconds without a sign of life are a lost gateway.

export const silenceLimitMs = 5_000;

/** `sinceMs` is wall-clock time for people; `heardAtMs` is monotonic. */
export type LinkState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  | { readonly kind: 'lost'; readonly sinceMs: number };
export type LinkEvent =
  | { readonly kind: 'joined' }
  | { readonly kind: 'dropped'; readonly wallMs: number }
  | { readonly kind: 'tick'; readonly monotonicMs: number; readonly heardAtMs: number; readonly wallMs: number };

/** Only a new join, with its snapshot, makes a lost link live again (LIV-3). */
export function nextLinkState(state: LinkState, event: LinkEvent): LinkState {
  switch (event.kind) {
    case 'joined':
      return state.kind === 'live' ? state : { kind: 'live' };
    case 'dropped':
      return state.kind === 'lost' ? state : { kind: 'lost', sinceMs: event.wallMs };
    case 'tick': {
      const silentMs = event.monotonicMs - event.heardAtMs;
      if (state.kind === 'lost' || silentMs < silenceLimitMs) return state;
      return { kind: 'lost', sinceMs: event.wallMs - silentMs };
    }
  }
}
