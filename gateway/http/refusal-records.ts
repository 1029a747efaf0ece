// Records refusals that end at the edge, before any room's own code saw the request (AUD-1): one record each while
// they are few, and one for all of a minute's rest beyond that, so that a stranger cannot fill the log.
// Called by problem-answers.ts. It never drops one uncounted.
import type { Actor, RecordKind, RecordTerminal } from '../contract/audit-record.ts';
import type { ProblemCode } from '../contract/problem.ts';
import type { AppendAudit, Now } from '../identity/ports.ts';

export type EdgeRefusal = {
  readonly kind: RecordKind;
  readonly code: ProblemCode;
  readonly detail: string;
  /** Method and route, not the address as typed: `POST /api/v1/session`. */
  readonly route: string;
  readonly actor: Actor | null;
  readonly terminal: RecordTerminal | null;
  readonly address: string;
};

export type RefusalRecords = {
  /** Number of its record; undefined when it was only counted. Rejects with `log-unavailable`. */
  record(refusal: EdgeRefusal): Promise<number | undefined>;
  /** Records what was only counted; called each minute and at the end. */
  flush(): Promise<void>;
};

/** Recorded one by one per address and minute; a person's own refusals have a larger share than a stranger's. */
const singlesForStrangers = 60;
const singlesForPersons = 600;
const windowMs = 60_000;
/** Addresses counted apart; those beyond share one count. */
const maxCounts = 1_000;

type Count = { singles: number; uncounted: number; readonly codes: Map<ProblemCode, number>; openedAt: number };

export function createRefusalRecords(append: AppendAudit, now: Now): RefusalRecords {
  let counts = new Map<string, Count>();

  const countFor = (address: string): Count => {
    const key = counts.has(address) || counts.size < maxCounts ? address : 'others';
    const found = counts.get(key);
    if (found !== undefined && now() - found.openedAt < windowMs) return found;
    const fresh: Count = {
      singles: 0,
      uncounted: found?.uncounted ?? 0,
      codes: found?.codes ?? new Map(),
      openedAt: now(),
    };
    counts.set(key, fresh);
    return fresh;
  };

  return {
    async record(refusal) {
      const count = countFor(refusal.address);
      const limit = refusal.actor === null ? singlesForStrangers : singlesForPersons;
      if (count.singles >= limit) {
        count.uncounted += 1;
        count.codes.set(refusal.code, (count.codes.get(refusal.code) ?? 0) + 1);
        return undefined;
      }
      count.singles += 1;
      const appended = await append({
        kind: refusal.kind,
        actor: refusal.actor,
        terminal: refusal.terminal,
        address: refusal.address,
        subject: 'gateway',
        detail: { code: refusal.code, text: refusal.detail.slice(0, 300), route: refusal.route },
      });
      return appended.seq;
    },
    async flush() {
      const due = counts;
      counts = new Map();
      for (const [address, count] of due) {
        if (count.uncounted === 0) continue;
        await append({
          kind: 'request.refused',
          actor: null,
          terminal: null,
          address: address === 'others' ? null : address,
          subject: 'gateway',
          detail: {
            aggregated: count.uncounted,
            codes: Object.fromEntries(count.codes),
            since: new Date(count.openedAt).toISOString(),
          },
        });
      }
    },
  };
}
