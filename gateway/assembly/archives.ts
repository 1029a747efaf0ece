// Archiving put together (AUD-7): what is due, orders, and the work that follows a signed one: bundle, record, and, once the
// maintenance process has removed the range or found why not, the record of that. Goes on after a restart. Called by main.ts.
import { join } from 'node:path';
import type pg from 'pg';
import { orderChange, readArchives, unrecordedEnds, writeArchive, writtenChange } from '../audit/postgres-archives.ts';
import type { PostgresLog } from '../audit/postgres-log.ts';
import { dueRange } from '../audit/postgres-retention.ts';
import type { RetentionDays } from '../audit/retention.ts';
import type { ArchiveList, ArchiveView } from '../contract/archive.ts';
import type { RecordDraft } from '../contract/audit-record.ts';
import { GatewayError } from '../contract/problem.ts';
import type { Archives } from '../signing/archive-actions.ts';

const lookEveryMs = 2_000;

export type ArchivesParts = {
  readonly log: PostgresLog;
  readonly pool: pg.Pool;
  readonly dataFolder: string;
  readonly days: RetentionDays;
  /** Names of those that get forwarded records. */
  readonly receivers: readonly string[];
  readonly now: () => number;
  readonly wait: (ms: number) => Promise<void>;
  readonly reportFault: (context: string, fault: unknown) => void;
};

export type ArchivesRunning = {
  readonly archives: Archives;
  readonly list: () => Promise<ArchiveList>;
  readonly stop: () => Promise<void>;
};

export function openTheArchives(parts: ArchivesParts): ArchivesRunning {
  const { log, pool, now } = parts;
  const run = (text: string, values: readonly unknown[] = []) => pool.query(text, [...values]);
  const reading = async <T>(read: () => Promise<T>): Promise<T> => {
    try {
      return await read();
    } catch (cause) {
      throw new GatewayError('log-unavailable', 'The log cannot be read at present.', { cause });
    }
  };
  const due = () => reading(() => dueRange(run, { nowMs: now(), days: parts.days, receivers: parts.receivers }));
  let stopped = false;
  let complained = false;
  /** Whether there may be something to do: at start, since an order may be left from before, and from each order on. */
  let pending = true;
  let askStop: () => void = () => {};
  const stopAsked = new Promise<void>((resolve) => {
    askStop = resolve;
  });

  const work = async (): Promise<void> => {
    for (const archive of await readArchives(run)) {
      if (archive.state !== 'ordered' || stopped) continue;
      const madeAt = new Date(now()).toISOString();
      const bundle = await writeArchive(run, join(parts.dataFolder, 'archives'), archive, madeAt);
      const { first, through, ordered } = archive;
      await log.append(
        recordOf('archive.written', archive, { first, through, ordered, ...bundle }),
        writtenChange(ordered, bundle),
      );
    }
    for (const archive of await unrecordedEnds(run)) {
      const { first, through, ordered, removed, trouble } = archive;
      const kind = archive.state === 'removed' ? 'archive.dropped' : 'archive.failed';
      await log.append(recordOf(kind, archive, { first, through, ordered, removed, trouble }));
    }
    if ((await readArchives(run)).some(({ state }) => state === 'ordered' || state === 'written')) pending = true;
  };
  const working = (async () => {
    while (!stopped) {
      try {
        if (pending) {
          // An order that comes in meanwhile sets it again.
          pending = false;
          await work();
        }
        complained = false;
      } catch (fault) {
        // Database or log away, disk full: tried again, nothing is removed meanwhile.
        if (!complained && !stopped) parts.reportFault('archiving waits', fault);
        complained = true;
        pending = true;
      }
      await Promise.race([parts.wait(lookEveryMs), stopAsked]);
    }
  })();

  return {
    archives: {
      due,
      underWay: async () =>
        (await reading(() => readArchives(run))).some(({ state }) => state === 'ordered' || state === 'written'),
      order: async (range, draft) => {
        const appended = await log.append(draft, orderChange(range));
        pending = true;
        const { first, through } = range;
        const nothing = { file: null, sha256: null, removed: null, trouble: null };
        return { ordered: appended.seq, first, through, state: 'ordered', ...nothing };
      },
    },
    list: async () => {
      const range = await due();
      const archives = [...(await reading(() => readArchives(run)))];
      return { due: range, retentionDays: { ...parts.days }, archives };
    },
    stop: async () => {
      stopped = true;
      askStop();
      await working;
    },
  };
}

function recordOf(
  kind: RecordDraft['kind'],
  archive: ArchiveView,
  detail: NonNullable<RecordDraft['detail']>,
): RecordDraft {
  const subject = `archive:${archive.first}-${archive.through}`;
  return { kind, actor: null, terminal: null, address: null, subject, detail };
}
