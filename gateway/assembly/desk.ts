// Joins the command desk to devices, people, signatures and the log. Called by main.ts.
import type pg from 'pg';
import type { PostgresLog } from '../audit/postgres-log.ts';
import { type Desk, openDesk } from '../commands/desk.ts';
import { commandRecords } from '../commands/postgres-command-records.ts';
import type { Supervisor } from '../drivers/supervisor.ts';
import type { People } from '../identity/people.ts';
import type { TagStore } from '../live/tag-store.ts';
import type { Settings } from '../settings/load.ts';
import { mayStillCount } from '../signing/passkey-check.ts';
import type { SignerChecks } from '../signing/signer.ts';

type DeskNeeds = {
  readonly settings: Settings;
  readonly log: PostgresLog;
  readonly pool: pg.Pool;
  readonly people: People;
  readonly checks: SignerChecks;
  readonly configuration: { readonly seq: number; readonly digest: string };
  readonly store: TagStore;
  readonly supervisor: Supervisor;
  readonly now: () => number;
  readonly wait: (ms: number) => Promise<void>;
  readonly reportFault: (context: string, fault: unknown) => void;
};

export function openTheDesk(needs: DeskNeeds, announce: Parameters<typeof openDesk>[0]['announce']): Desk {
  const { settings, log, pool, people, checks, store, supervisor } = needs;
  return openDesk({
    now: needs.now,
    wait: needs.wait,
    append: log.append,
    tags: new Map(settings.plant.tags.map((tag) => [tag.id, tag])),
    readLatest: (tag) => store.latest(tag),
    readDevice: async (tag, timeoutMs) => {
      const reading = await supervisor.read(tag, timeoutMs);
      // What the gate has just read is newer than what any subscription or poll brought: who looks next sees it too.
      if (reading.ok) store.apply([reading.sample]);
      return reading;
    },
    writeToPlc: (write) => supervisor.write(write),
    mayDo: (caller, permission, area) => people.access.mayDo(caller, permission, area),
    mayStillSign: (signer, permission, area) => {
      const may = people.access.personMay(signer, permission, area);
      return may.ok && signer.passkey !== undefined ? mayStillCount(people, signer.userId, signer.passkey) : may;
    },
    checkSigner: (...question) => checks.checkSigner(...question),
    publicKeyOf: (id) => {
      const terminal = people.terminals.get(id)?.document;
      return terminal?.status === 'active' ? terminal.publicKey : undefined;
    },
    componentsNeeded: (caller, policy) => checks.componentsNeeded(caller, policy),
    passkeyRequest: (caller) => checks.passkeyRequest(caller),
    configuration: () => needs.configuration,
    ...commandRecords(pool),
    announce,
    reportFault: needs.reportFault,
  });
}
