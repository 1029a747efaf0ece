// Exports of the audit trail on their way (AUD-6): prepared by a request with a proof, fetched once by a link that a browser can
// follow without one, watched and cancelled meanwhile. A link works once, soon, and in the session that asked. In memory only:
// a restart ends them with the sessions. Used by routes/audit-exports.ts.
import { hash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { AuditFilter, ExportFormat, ExportView } from '../contract/audit-filter.ts';
import type { TerminalId } from '../contract/ids.ts';
import { type Refusal, refuse } from '../contract/problem.ts';
import type { Now } from '../identity/ports.ts';
import { breakableStream } from './breakable-stream.ts';

/** From its creation to its first use. */
const linkMs = 60_000;
/** After its end an export can still be asked after. */
const keptMs = 600_000;
/** At once, in all: each has a thread and a database connection. */
const mostRunning = 2;
const mostOfASession = 10;

export type PreparedExport = {
  readonly id: string;
  readonly sessionId: string;
  readonly terminalId: TerminalId;
  readonly format: ExportFormat;
  readonly filter: AuditFilter;
  readonly count: number;
  readonly upTo: number;
};
type Held = PreparedExport & {
  readonly keyDigest: Buffer;
  readonly expiresAtMs: number;
  state: ExportView['state'];
  written: number;
  bytes: number;
  endedAtMs: number | null;
  /** Until its thread and connection are gone, which is later than its end. */
  holdsPlace: boolean;
  cancel: () => void;
};

export type PreparedExports = ReturnType<typeof createPreparedExports>;

export function createPreparedExports(now: Now) {
  const all = new Map<string, Held>();

  const sweep = (): void => {
    for (const held of all.values()) {
      if (held.state === 'ready' && now() >= held.expiresAtMs) end(held, 'expired');
      if (held.endedAtMs !== null && !held.holdsPlace && now() - held.endedAtMs >= keptMs) all.delete(held.id);
    }
  };
  const end = (held: Held, state: ExportView['state']): void => {
    if (held.endedAtMs !== null) return;
    held.state = state;
    held.endedAtMs = now();
  };
  const running = (): number => [...all.values()].filter(({ holdsPlace }) => holdsPlace).length;
  const viewOf = (held: Held, link?: string): ExportView => ({
    id: held.id,
    format: held.format,
    state: held.state,
    count: held.count,
    upTo: held.upTo,
    written: held.written,
    bytes: held.bytes,
    expiresAt: new Date(held.expiresAtMs).toISOString(),
    ...(link === undefined ? {} : { link }),
  });
  async function* followed(held: Held, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of chunks) {
        held.bytes += chunk.length;
        yield chunk;
      }
      end(held, 'done');
    } catch (fault) {
      end(held, 'failed');
      throw fault;
    } finally {
      // Neither done nor failed: whoever read it went away.
      end(held, 'cancelled');
    }
  }
  const ownOf = (id: string, sessionId: string): Held | undefined => {
    sweep();
    const held = all.get(id);
    return held?.sessionId === sessionId ? held : undefined;
  };

  return {
    /** `linkOf` makes the address out of the key. */
    prepare(
      of: Omit<PreparedExport, 'id'>,
      linkOf: (id: string, key: string) => string,
    ): { readonly ok: true; readonly view: ExportView } | Refusal {
      sweep();
      const own = [...all.values()].filter((held) => held.sessionId === of.sessionId && held.endedAtMs === null);
      if (own.length >= mostOfASession)
        return refuse('too-many-requests', 'Many exports of this session are waiting; use or cancel one first.');
      const key = randomBytes(32).toString('base64url');
      const held: Held = {
        ...of,
        id: randomUUID(),
        keyDigest: hash('sha256', key, 'buffer'),
        expiresAtMs: now() + linkMs,
        state: 'ready',
        written: 0,
        bytes: 0,
        endedAtMs: null,
        holdsPlace: false,
        cancel: () => {},
      };
      all.set(held.id, held);
      return { ok: true, view: viewOf(held, linkOf(held.id, key)) };
    },

    /** The export that the link names, while it waits for its first use; undefined for any other link. */
    find(id: string, key: string): PreparedExport | undefined {
      sweep();
      const held = all.get(id);
      if (held?.state !== 'ready') return undefined;
      return timingSafeEqual(held.keyDigest, hash('sha256', key, 'buffer')) ? held : undefined;
    },

    /** Takes a place for one that runs; the link is used up. */
    begin(id: string): { readonly ok: true } | Refusal {
      const held = all.get(id);
      if (held?.state !== 'ready') return refuse('not-found', 'This link was used, or its time is over.');
      if (running() >= mostRunning)
        return refuse('too-many-requests', 'Two exports are running already; try again when one is done.');
      held.state = 'running';
      held.holdsPlace = true;
      return { ok: true };
    },

    /**
     * The file's bytes as they pass; keeps count, says how it ended, and can be cancelled from outside. Null where it was
     * cancelled before they could begin.
     */
    stream(
      id: string,
      make: (onWritten: (records: number) => void, broken: AbortSignal) => AsyncIterable<Uint8Array>,
    ): Readable | null {
      const held = all.get(id);
      if (held === undefined) throw new Error(`there is no export ${id}`);
      if (held.endedAtMs !== null) {
        held.holdsPlace = false;
        return null;
      }
      const onWritten = (records: number): void => {
        held.written = records;
      };
      const stream = breakableStream((broken) => {
        // Told before the work ends, so that this is no failure; after its last byte it is done already.
        broken.addEventListener('abort', () => end(held, 'cancelled'));
        return followed(held, make(onWritten, broken));
      });
      stream.once('close', () => {
        held.holdsPlace = false;
      });
      held.cancel = () => stream.destroy(new Error('the export was cancelled'));
      return stream;
    },

    /** It began and could not go on: its record could not be made. */
    fail(id: string): void {
      const held = all.get(id);
      if (held === undefined) return;
      end(held, 'failed');
      held.holdsPlace = false;
    },

    view(id: string, sessionId: string): ExportView | undefined {
      const held = ownOf(id, sessionId);
      return held === undefined ? undefined : viewOf(held);
    },

    /** False where there is none. What is done stays done. */
    cancel(id: string, sessionId: string): boolean {
      const held = ownOf(id, sessionId);
      if (held === undefined) return false;
      end(held, 'cancelled');
      held.cancel();
      return true;
    },

    /** Of a session that is over. */
    cancelAll(sessionId: string): void {
      for (const held of all.values()) {
        if (held.sessionId !== sessionId || held.endedAtMs !== null) continue;
        end(held, 'cancelled');
        held.cancel();
      }
    },
  };
}
