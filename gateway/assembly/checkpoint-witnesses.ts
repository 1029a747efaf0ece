// Where the log's signed heads go besides the data folder (AUD-3): to its witnesses, a folder elsewhere, a broker. Called by
// main.ts: once while the log is opened, and once it stands.
import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { readCheckpoint } from '../audit/checkpoint.ts';
import { readCheckpointCopy, writeCheckpointCopy } from '../audit/file-checkpoint-copy.ts';
import { readPinnedKey, vkeyFile } from '../audit/file-keys.ts';
import { readFormerKeys } from '../audit/file-next-key.ts';
import { follow } from '../audit/following.ts';
import { askWitnessOverHttp } from '../audit/http-witness.ts';
import { LogTrouble } from '../audit/log-trouble.ts';
import { sameHash, verifyConsistency } from '../audit/merkle.ts';
import type { RunQuery } from '../audit/postgres-change.ts';
import type { PostgresLog, PostgresLogOptions } from '../audit/postgres-log.ts';
import { readConsistencyProof } from '../audit/postgres-nodes.ts';
import { newestSizeOf, storeCosignature } from '../audit/postgres-proofs.ts';
import { checkWithWitnesses } from '../audit/witness-start-check.ts';
import { startWitnessing, type WitnessView } from '../audit/witnessing.ts';
import type { RecordKind } from '../contract/audit-record.ts';
import { mqttPublisher } from '../publish/mqtt.ts';
import type { CheckpointSettings } from '../settings/checkpoints.ts';

/** A witness that is slower is away. At start all are asked at once, so this bounds what they add to it. */
const witnessTimeoutMs = 3000;
const brokerTimeoutMs = 10_000;
/** Between two checkpoints to the same place: a busy log costs it one a second. */
const pauseMs = 1000;

export type CheckpointPlaces = {
  readonly witnesses: () => readonly WitnessView[];
  /** Null where neither folder nor broker is configured. */
  readonly copies: () => 'written' | 'lost' | null;
  readonly stop: () => Promise<void>;
};

const wait = async (ms: number, signal: AbortSignal): Promise<void> => {
  // Ended early by the stop, which is no fault.
  await pause(ms, undefined, { ref: false, signal }).catch(() => undefined);
};

/** For openPostgresLog: asks every witness, and the folder elsewhere, before anything is written. */
export function checkElsewhere(
  settings: CheckpointSettings,
  dataFolder: string,
): NonNullable<PostgresLogOptions['checkElsewhere']> {
  return async (head, prove) => {
    await checkWithCopy(settings, dataFolder, head, prove);
    const parts = { ask: askWitnessOverHttp(witnessTimeoutMs), prove };
    await checkWithWitnesses(settings.witnesses, head, parts, AbortSignal.timeout(3 * witnessTimeoutMs));
  };
}

type Check = Parameters<NonNullable<PostgresLogOptions['checkElsewhere']>>;

async function checkWithCopy(
  { copyTo }: CheckpointSettings,
  dataFolder: string,
  head: Check[0],
  prove: Check[1],
): Promise<void> {
  const pinned = await readPinnedKey(vkeyFile(dataFolder));
  if (copyTo === null || pinned === null) return;
  const copy = await readCheckpointCopy(copyTo, [pinned, ...(await readFormerKeys(dataFolder, pinned.name))]);
  if (copy === null) return;
  const { size, root } = copy.checkpoint;
  if (size > head.size)
    throw new LogTrouble(
      'log-rolled-back',
      `the audit log was cut off or rolled back: the database holds ${head.size} records, and the copy in ${copyTo} proves that there were ${size}; restore the database that holds them, see docs/audit-log.md, "When the start is refused"`,
    );
  const now = readCheckpoint(head.note);
  const continues =
    now !== null &&
    (size === head.size
      ? sameHash(root, now.root)
      : verifyConsistency(size, head.size, root, now.root, await prove(size, head.size)));
  if (!continues)
    throw new LogTrouble(
      'log-replaced',
      `the database's audit log (${head.size} records) does not continue the copy in ${copyTo} (${size} records): it is another log or its records were altered; see docs/audit-log.md, "When the start is refused"`,
    );
}

export function startCheckpointPlaces(needs: {
  readonly settings: CheckpointSettings;
  readonly log: PostgresLog;
  readonly pool: pg.Pool;
  readonly reportFault: (context: string, fault: unknown) => void;
}): CheckpointPlaces {
  const { settings, log, pool, reportFault } = needs;
  const run: RunQuery = (text, values = []) => pool.query(text, [...values]);
  const head = () => {
    const note = log.checkpoint();
    return note === null ? null : { size: log.size(), note };
  };
  const witnessing = startWitnessing({
    witnesses: settings.witnesses,
    ask: askWitnessOverHttp(witnessTimeoutMs),
    prove: (from, to) => readConsistencyProof(run, from, to),
    head,
    knownSize: (witness) => newestSizeOf(run, witness),
    store: (cosignature) => storeCosignature(run, cosignature),
    append: log.append,
    wait,
    pauseMs,
    reportFault,
  });
  const copies = [
    ...(settings.copyTo === null ? [] : [folderCopy(settings.copyTo, log.origin)]),
    ...(settings.mqtt === null ? [] : [brokerCopy(settings.mqtt, log.origin)]),
  ].map((place) => followInto(place, log, reportFault));
  log.onCheckpoint(() => {
    witnessing.wake();
    for (const copy of copies) copy.wake();
  });
  return {
    witnesses: witnessing.views,
    copies: () => (copies.length === 0 ? null : copies.some((copy) => copy.state() === 'lost') ? 'lost' : 'written'),
    stop: async () => {
      await Promise.all([witnessing.stop(), ...copies.map((copy) => copy.stop())]);
    },
  };
}

type CopyPlace = {
  /** For the record: the folder, or the broker and topic. */
  readonly to: string;
  readonly write: (head: { readonly size: number; readonly note: string }, signal: AbortSignal) => Promise<void>;
  readonly close: () => Promise<void>;
};

function folderCopy(folder: string, origin: string): CopyPlace {
  return { to: folder, write: ({ note }) => writeCheckpointCopy(folder, origin, note), close: async () => undefined };
}

/** PUB-2: the newest checkpoint as a retained JSON message. */
function brokerCopy({ broker, topic }: NonNullable<CheckpointSettings['mqtt']>, origin: string): CopyPlace {
  const publisher = mqttPublisher({ ...broker, topic, clientId: `countersign-${broker.name}-checkpoint` }, true);
  return {
    to: `${broker.url} ${topic}`,
    write: ({ size, note }, signal) => {
      const root = Buffer.from(readCheckpoint(note)?.root ?? []).toString('base64');
      const message = Buffer.from(JSON.stringify({ origin, size, root, checkpoint: note }));
      return publisher.publish([message], AbortSignal.any([signal, AbortSignal.timeout(brokerTimeoutMs)]));
    },
    close: publisher.close,
  };
}

function followInto(place: CopyPlace, log: PostgresLog, reportFault: (context: string, fault: unknown) => void) {
  let written = 0;
  let state: 'written' | 'lost' = 'written';
  const change = (next: typeof state, why: string | null): void => {
    if (next === state) return;
    state = next;
    const kind: RecordKind = next === 'lost' ? 'checkpoint-copy.lost' : 'checkpoint-copy.restored';
    const detail = { to: place.to, why };
    log
      .append({ kind, actor: null, terminal: null, address: null, subject: 'log', detail })
      .catch((fault: unknown) => reportFault(`${kind} could not be recorded`, fault));
  };
  const following = follow({
    deliver: async (signal) => {
      const [note, size] = [log.checkpoint(), log.size()];
      if (note === null || size <= written) return false;
      await place.write({ size, note }, signal);
      written = size;
      change('written', null);
      return true;
    },
    failed: (fault) => change('lost', fault instanceof Error ? fault.message : String(fault)),
    wait,
    pauseMs,
  });
  const stop = async (): Promise<void> => {
    await following.stop();
    await place.close();
  };
  return { wake: following.wake, stop, state: () => state };
}
