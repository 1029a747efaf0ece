// The live tail of an opened view of the audit trail (AUD-6): what came since, newest first. Asks every two seconds while it is
// switched on; the gateway records nothing of it. Part of the audit page.
import { useEffect, useState } from 'react';
import type { AuditRecord } from '../../gateway/contract/audit-record.ts';
import { useGateway } from '../gateway-context.ts';

const everyMs = 2_000;
/** Kept at most; older ones of the tail are found by showing the view anew. */
const mostKept = 1_000;

type Tail = { readonly of: string; readonly records: readonly AuditRecord[] };

/** `queryOf` makes the query of the view with `newer`; `from`: the newest record of the view, null while it is not there. */
export function useAuditTail(
  view: string,
  from: number | null,
  following: boolean,
  queryOf: (newer: number) => string,
) {
  const gateway = useGateway();
  const [tail, setTail] = useState<Tail>({ of: view, records: [] });
  const [error, setError] = useState<unknown>(null);
  const records = tail.of === view ? tail.records : [];

  // biome-ignore lint/correctness/useExhaustiveDependencies: begun anew for another view only; queryOf belongs to the view
  useEffect(() => {
    if (!following || from === null) return;
    let newest = Math.max(from, records[0]?.seq ?? -1);
    const stop = new AbortController();
    let timer = 0;
    const ask = async (): Promise<void> => {
      try {
        const answer = await gateway.api.auditTail(queryOf(newest), stop.signal);
        if (stop.signal.aborted) return;
        newest = answer.newest;
        setError(null);
        if (answer.records.length > 0) {
          const fresh = answer.records.toReversed();
          setTail((known) => ({
            of: view,
            records: [...fresh, ...(known.of === view ? known.records : [])].slice(0, mostKept),
          }));
        }
      } catch (fault) {
        if (stop.signal.aborted) return;
        setError(fault);
      }
      timer = window.setTimeout(() => void ask(), everyMs);
    };
    void ask();
    return () => {
      stop.abort();
      window.clearTimeout(timer);
    };
  }, [view, from, following]);

  return { records, error: following ? error : null };
}
