// The maintenance process (AUD-4): the only one that holds the database owner's credential while the gateway runs.
// Started by the launcher, told `{ownerUrl, mode, dataFolder, server}` on standard input; migrates, sets up the gateway's role with a new
// password, marks the installation, says `{"ready":true,"gatewayUrl":…}`, then keeps partitions ahead
// and removes archived ranges until it is ended. Where its launcher was killed, it ends the launcher's server, last of all.
import { z } from 'zod';
import { stopForsakenServer } from '../database/forsaken-server.ts';
import { makePartitionsAhead } from '../database/partitions.ts';
import { connectAsOwner, prepareDatabase } from '../database/prepare.ts';
import { DatabaseTrouble } from '../database/trouble.ts';
import { settleArchives } from './maintenance-archives.ts';
import { toldByLauncher } from './told.ts';

const checkEveryMs = 60_000;
/** Archives that wait are looked for at each step. */
const stepMs = 5_000;
const toldSchema = z.object({
  ownerUrl: z.string().min(1),
  mode: z.enum(['demo', 'production']),
  /** Holds the log's pinned key and the archives' folder (AUD-7). */
  dataFolder: z.string().min(1),
  /** The embedded server that the launcher started; null: the database is somebody else's. */
  server: z.object({ pid: z.int().min(2), cluster: z.string().min(1) }).nullable(),
});

function endNow(): never {
  process.exit(0);
}

let told: z.infer<typeof toldSchema> | undefined;
let forsaken = false;

function launcherGone(): void {
  forsaken = true;
  if (told === undefined || told.server === null) endNow();
  void stopForsakenServer(told.server, told.ownerUrl).finally(endNow);
}

async function maintain(): Promise<void> {
  told = toldSchema.parse(await toldByLauncher(launcherGone));
  const client = await connectAsOwner(told.ownerUrl);
  const prepared = await prepareDatabase(client, told.ownerUrl, told.mode);
  await client.end();
  const { gatewayUrl, origin, partitions, migrationsApplied } = prepared;
  process.stdout.write(`${JSON.stringify({ ready: true, gatewayUrl, origin, partitions, migrationsApplied })}\n`);
  let complained = false;
  let partitionsDueMs = performance.now() + checkEveryMs;
  for (;;) {
    await new Promise((next) => setTimeout(next, stepMs));
    try {
      // A connection a time: nothing to restore after the database was away.
      const owner = await connectAsOwner(told.ownerUrl);
      try {
        if (performance.now() >= partitionsDueMs) {
          await makePartitionsAhead(owner);
          partitionsDueMs = performance.now() + checkEveryMs;
        }
        await settleArchives(owner, told.dataFolder);
      } finally {
        await owner.end();
      }
      complained = false;
    } catch (error) {
      // Two partitions are ready ahead: there is time. The gateway reports the loss of the database itself.
      if (!complained && !forsaken) process.stderr.write(`partitions and archives wait: ${said(error)}\n`);
      complained = true;
    }
  }
}

function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, endNow);
try {
  await maintain();
} catch (error) {
  const line = error instanceof DatabaseTrouble ? error.message : `the database could not be prepared: ${said(error)}`;
  process.stderr.write(`${line}\n`);
  process.exit(1);
}
