// Keeps one link to a device alive: opens it, waits for its end, backs off, opens a new one. Every driver uses it.
// A link that has ended is never used again: whatever was queued on it dies with it, so no write outlives a connection.
import { setTimeout as sleep } from 'node:timers/promises';
import { backOffMs } from './back-off.ts';
import type { ConnectionState } from './driver.ts';

/** One life of a connection, from open to closed. */
export type Link = {
  /** Resolves once, with the reason in plain words, when the link is of no more use. Never rejects. */
  readonly ended: Promise<string>;
  /** Frees the socket; resolves when it is closed. Safe to call twice. */
  close(): Promise<void>;
};

export type ReconnectingSettings<L extends Link> = {
  /** Rejects with an Error whose message a person can read; must give up when the signal aborts. */
  readonly open: (signal: AbortSignal) => Promise<L>;
  readonly state: (state: ConnectionState, error: string | null) => void;
  readonly random?: () => number;
};

export class Reconnecting<L extends Link> {
  readonly #settings: ReconnectingSettings<L>;
  readonly #stopping = new AbortController();
  #current: L | null = null;
  #loop: Promise<void> | null = null;
  /** Links that are being closed: a peer that hangs must not hold up the next attempt. */
  readonly #closing = new Set<Promise<void>>();

  constructor(settings: ReconnectingSettings<L>) {
    this.#settings = settings;
  }

  /** The live link, or null while there is none. */
  get current(): L | null {
    return this.#current;
  }

  /** Starts the loop and returns at once. */
  start(): void {
    this.#loop ??= this.#run();
  }

  /** Ends the loop; resolves when no link is open. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
    await Promise.all(this.#closing);
    this.#settings.state('stopped', null);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    const random = this.#settings.random ?? Math.random;
    this.#settings.state('connecting', null);
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        const link = await this.#settings.open(signal);
        try {
          if (signal.aborted) return;
          this.#current = link;
          attempt = 0;
          this.#settings.state('connected', null);
          const why = await unlessAborted(link.ended, signal);
          this.#current = null;
          if (why !== null) this.#settings.state('lost', why);
        } finally {
          this.#current = null;
          this.#close(link);
        }
      } catch (error) {
        if (signal.aborted) return;
        this.#settings.state('lost', error instanceof Error ? error.message : String(error));
      }
      // Rejects only by the abort, which the loop's condition then sees.
      await sleep(backOffMs(attempt, random), undefined, { signal }).catch(() => undefined);
    }
  }

  #close(link: L): void {
    const closing = link.close().catch(() => undefined);
    this.#closing.add(closing);
    void closing.then(() => this.#closing.delete(closing));
  }
}

/** The work's outcome, or null as soon as the signal aborts. Leaves no listener behind on a signal that lives long. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | null> {
  return new Promise((resolve, reject) => {
    const abort = (): void => resolve(null);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
