// Puts the page's side of the gateway together: key, proofs, requests, live link. Made once by main.tsx; pages reach it
// through `useGateway()`. The only owner of sockets, requests and the terminal's key.
import type { CommandView } from '../../gateway/contract/command.ts';
import type { AreaId } from '../../gateway/contract/ids.ts';
import type { LogVerification } from '../../gateway/contract/log-verification.ts';
import type { Statement } from '../../gateway/contract/statement.ts';
import type { ConnectionView } from '../../gateway/contract/tag.ts';
import type { UnattributedChange } from '../../gateway/contract/unattributed-change.ts';
import { type CertificationOffer, createEndpoints, type Endpoints } from './endpoints.ts';
import type { LinkState } from './link-state.ts';
import type { LinkParts, LiveLink } from './live-link.ts';
import { createLiveValues, type LiveValues } from './live-values.ts';
import { createProver } from './proof.ts';
import { createRequest } from './request.ts';
import { type Signer, signCertification, signStatement } from './statement-signing.ts';
import { loadTerminalKey, type TerminalKey } from './terminal-key.ts';

export type GatewayEvents = {
  readonly command: (command: CommandView) => void;
  readonly connection: (connection: ConnectionView) => void;
  /** A setpoint changed past the gateway (CMD-11). */
  readonly unattributed?: (change: UnattributedChange) => void;
  /** The gateway's own check of its log (AUD-5). */
  readonly verification?: (view: LogVerification) => void;
  readonly signedOut: (code: string, detail: string) => void;
};
export type Gateway = {
  readonly api: Endpoints;
  readonly terminal: Pick<TerminalKey, 'id' | 'publicKey'>;
  /** False while this terminal's key was just made and never shown: asking about it would only make refusals on record. */
  readonly mayBeKnown: () => boolean;
  readonly values: LiveValues;
  readonly sign: (statement: Statement, signer: Signer) => Promise<string>;
  readonly certify: (offer: CertificationOffer, signer: string) => Promise<string>;
  readonly goLive: (areas: readonly AreaId[]) => void;
  readonly stopLive: () => void;
  readonly link: () => LinkState;
  readonly subscribeLink: (listener: () => void) => () => void;
  /** The gateway's time as far as this page knows it, ms since the epoch. */
  readonly nowMs: () => number;
  /** Who wants to hear of commands, connections and the end of the session; one listener, the page's frame. */
  readonly listen: (events: GatewayEvents) => () => void;
};

export async function createGateway(origin: string): Promise<Gateway> {
  const key = await loadTerminalKey();
  const prover = createProver(key, origin);
  const values = createLiveValues((task) => requestAnimationFrame(task));
  const listeners = new Set<GatewayEvents>();
  const linkListeners = new Set<() => void>();
  let link: LinkState = { kind: 'connecting' };
  let live: LiveLink | undefined;
  let generation = 0;
  let clockOffsetMs = 0;

  const signedOut = (code: string, detail: string) => {
    for (const listener of listeners) listener.signedOut(code, detail);
  };
  const setLink = (state: LinkState) => {
    link = state;
    for (const listener of linkListeners) listener();
  };
  const send = createRequest(prover, (problem) => signedOut(problem.code, problem.detail ?? problem.title));
  let shown = !key.isNew;
  const endpoints = createEndpoints(send);
  const api: Endpoints = {
    ...endpoints,
    enrol: (body) => {
      shown = true;
      return endpoints.enrol(body);
    },
  };
  const stopLive = () => {
    generation++;
    live?.close();
    live = undefined;
    values.clear();
    setLink({ kind: 'connecting' });
  };

  const goLive = (areas: readonly AreaId[]) => {
    stopLive();
    const mine = generation;
    // The socket's script is not needed before somebody is signed in. Closed meanwhile: nothing is opened.
    import('./live-link.ts').then(
      ({ openLiveLink }) => {
        if (mine === generation) live = openLiveLink(linkParts, areas);
      },
      () => {
        if (mine !== generation) return;
        setLink({ kind: 'lost', sinceMs: Date.now() });
        setTimeout(() => {
          if (mine === generation) goLive(areas);
        }, 2_000);
      },
    );
  };
  const linkParts: LinkParts = {
    origin,
    prove: () => prover.prove('GET', '/socket.io/'),
    renewNonce: async (offered) => {
      if (offered === undefined) await api.session();
      else prover.keepNonce(offered);
    },
    values,
    onState: setLink,
    onClock: (offsetMs) => {
      clockOffsetMs = offsetMs;
    },
    onCommand: (command) => {
      for (const listener of listeners) listener.command(command);
    },
    onConnection: (connection) => {
      for (const listener of listeners) listener.connection(connection);
    },
    onUnattributed: (change) => {
      for (const listener of listeners) listener.unattributed?.(change);
    },
    onVerification: (view) => {
      for (const listener of listeners) listener.verification?.(view);
    },
    onSessionEnded: ({ code, detail }) => signedOut(code, detail),
  };

  return {
    api,
    terminal: { id: key.id, publicKey: key.publicKey },
    mayBeKnown: () => shown,
    values,
    sign: (statement, signer) => signStatement(key, statement, signer, Date.now()),
    certify: (offer, signer) => signCertification(key, offer, signer, Date.now()),
    goLive,
    stopLive,
    link: () => link,
    subscribeLink: (listener) => {
      linkListeners.add(listener);
      return () => linkListeners.delete(listener);
    },
    nowMs: () => Date.now() + clockOffsetMs,
    listen: (events) => {
      listeners.add(events);
      return () => listeners.delete(events);
    },
  };
}
