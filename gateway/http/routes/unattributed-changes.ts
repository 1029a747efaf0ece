// /api/v1/unattributed-changes: setpoints that changed in the PLC without a command from here (CMD-11), for the HMI's
// list. Read from the log as it is; the trail with all its filters is /audit. It changes nothing.
import type { Caller, MayDo } from '../../commands/ports.ts';
import type { AuditPage } from '../../contract/audit-record.ts';
import { type UnattributedChange, unattributedListSchema } from '../../contract/unattributed-change.ts';
import { problems } from '../refusal-answers.ts';
import { type Application, callerOf } from '../route-access.ts';

export type UnattributedChangesParts = {
  readonly mayDo: MayDo;
  /** Records of kind setpoint.unattributed, newest first. Rejects with log-unavailable. */
  readonly readRecords: (limit: number) => Promise<AuditPage['records']>;
  /** Null for a record that cannot be shown. */
  readonly asChange: (record: AuditPage['records'][number]) => UnattributedChange | null;
};

/** Read at most; older ones are in the trail. */
const newest = 200;

export function unattributedChangesRoutes(app: Application, parts: UnattributedChangesParts): void {
  app.get(
    '/api/v1/unattributed-changes',
    {
      config: { access: 'session' },
      schema: {
        tags: ['audit'],
        summary: 'The newest changes of setpoints that were made past the gateway, newest first',
        response: { 200: unattributedListSchema, ...problems('not-signed-in, log-unavailable') },
      },
    },
    async (request) => {
      const caller: Caller = callerOf(request);
      const changes = (await parts.readRecords(newest)).flatMap((record) => parts.asChange(record) ?? []);
      return { changes: changes.filter((change) => parts.mayDo(caller, 'view', change.area).ok) };
    },
  );
}
