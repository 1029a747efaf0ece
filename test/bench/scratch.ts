// What a case needs for a while: a temporary folder, an embedded PostgreSQL in it, other processes; all gone afterwards.
// Used by the cases. Nothing is written into the project.
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../../gateway/database/embedded-postgres.ts';
import { connectAsOwner, prepareDatabase } from '../../gateway/database/prepare.ts';

export type Scratch = {
  readonly folder: string;
  /** Called in reverse order at the end, whatever happened. */
  readonly atEnd: (undo: () => Promise<unknown>) => void;
};

/** Runs `work` with a new temporary folder and undoes what it left to be undone. */
export async function withScratch<Result>(work: (scratch: Scratch) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-bench-'));
  // As root the database's account must get there: else the cluster is put elsewhere, and would stay behind.
  await chmod(folder, 0o711);
  const undoing: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  try {
    return await work({ folder, atEnd: (undo) => void undoing.push(undo) });
  } finally {
    for (const undo of undoing.reverse()) await undo().catch((fault: unknown) => process.stderr.write(`${fault}\n`));
  }
}

/** A real, durable PostgreSQL with the product's tables. `ownerUrl` is for the floor's own tables. */
export async function scratchDatabase(
  scratch: Scratch,
): Promise<{ readonly ownerUrl: string; readonly gatewayUrl: string }> {
  const server = await startEmbeddedPostgres({ dataFolder: scratch.folder });
  scratch.atEnd(() => server.stop());
  const owner = await connectAsOwner(server.ownerUrl);
  try {
    const { gatewayUrl } = await prepareDatabase(owner, server.ownerUrl, 'demo');
    return { ownerUrl: server.ownerUrl, gatewayUrl };
  } finally {
    await owner.end();
  }
}
