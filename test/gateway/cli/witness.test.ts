// A gateway's log and its witness over real HTTP: cosigned, found out when rolled back or rewritten, online and at start.
import { cp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type CheckpointPlaces,
  checkElsewhere,
  startCheckpointPlaces,
} from '../../../gateway/assembly/checkpoint-witnesses.ts';
import { openCheckpoint } from '../../../gateway/audit/checkpoint.ts';
import { openCosignatures, parseWitnessKey } from '../../../gateway/audit/cosignature.ts';
import { openPostgresLog, type PostgresLog } from '../../../gateway/audit/postgres-log.ts';
import { readCheckpointAt } from '../../../gateway/audit/postgres-proofs.ts';
import { parseVkey } from '../../../gateway/audit/signed-note.ts';
import { countersign } from '../../../gateway/cli/countersign.ts';
import { addLogKey, makeWitness, originHash, readAlarms, readHeads } from '../../../gateway/cli/witness-folder.ts';
import { startWitnessServer, type WitnessServer } from '../../../gateway/cli/witness-server.ts';
import { newClient } from '../../../gateway/database/connection.ts';
import { writerLock } from '../../../gateway/database/schema.ts';
import type { CheckpointSettings } from '../../../gateway/settings/checkpoints.ts';
import { startTestServer, type TestDatabase, type TestServer, temporaryFolder } from '../../support/database.ts';
import { lastingPort } from '../../support/lasting-ports.ts';
import { mqttBroker } from '../../support/record-receivers.ts';
import { until } from '../../support/until.ts';
import { runOn, sampleDraft } from '../audit/sample-drafts.ts';

function isThere<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error('it is not there');
  return value;
}

describe('a log and its witness', () => {
  let server: TestServer;
  let database: TestDatabase;
  let folder = '';
  let dataFolder = '';
  let key = '';
  let witness: WitnessServer;
  let log: PostgresLog;
  let places: CheckpointPlaces | null = null;
  const faults: unknown[] = [];

  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server?.stop());
  beforeEach(async () => {
    [database, folder, dataFolder] = await Promise.all([server.freshDatabase(), temporaryFolder(), temporaryFolder()]);
    key = await makeWitness(path.join(folder, 'w'), 'witness.example/w1');
    await startWitness(await lastingPort());
    log = await open();
    await addLogKey(path.join(folder, 'w'), isThere(parseVkey(log.vkey)));
    places = follow();
  });
  afterEach(async () => {
    await places?.stop();
    await log.close();
    await witness.stop();
    for (const one of [folder, dataFolder]) await rm(one, { recursive: true, force: true });
    await database.stop();
  });

  const startWitness = async (port: number) => {
    witness = await startWitnessServer({
      folder: path.join(folder, 'w'),
      host: '127.0.0.1',
      port,
      tls: null,
      now: Date.now,
      onEvent: () => {},
      onAlarm: () => {},
    });
  };
  const settings = (): CheckpointSettings => ({
    witnesses: [{ url: `http://127.0.0.1:${witness.port}`, key: isThere(parseWitnessKey(key)) }],
    copyTo: folder,
    mqtt: null,
  });
  const open = (data = dataFolder, url = database.gatewayUrl) =>
    openPostgresLog({
      connect: () => newClient(url, { applicationName: 'test log' }),
      dataFolder: data,
      now: Date.now,
      lock: writerLock,
      checkElsewhere: checkElsewhere({ ...settings(), copyTo: null }, data),
    });
  const follow = () =>
    startCheckpointPlaces({
      settings: settings(),
      log,
      pool: database.pool,
      reportFault: (_context, fault) => faults.push(fault),
    });
  const view = () => isThere(places?.witnesses()[0]);
  const append = async (count: number) => {
    for (let number = 0; number < count; number++) await log.append(sampleDraft(`tag-${number}`));
  };
  const upToDate = () => until(() => view().state === 'cosigning' && view().size === log.size(), 'cosigned');
  const kinds = async (prefix: string) => {
    const found = await database.superuser.query<{ kind: string }>(
      'SELECT kind FROM log_record WHERE starts_with(kind, $1) ORDER BY seq',
      [prefix],
    );
    return found.rows.map((row) => row.kind);
  };
  /** The database as an old backup has it. */
  const rollBackTo = async (size: number) => {
    await database.superuser.query('SET session_replication_role = replica');
    await database.superuser.query('DELETE FROM log_record WHERE seq >= $1', [size]);
    await database.superuser.query('DELETE FROM cosignature WHERE size > $1', [size]);
    await database.superuser.query('SET session_replication_role = origin');
  };

  it('AUD-3: cosignatures are collected, verified, stored and stand with the checkpoint; the copy elsewhere follows', async () => {
    await append(5);
    await upToDate();
    const note = isThere(await readCheckpointAt(runOn(database.pool), log.size()));
    expect(openCheckpoint(note, isThere(parseVkey(log.vkey)))).toMatchObject({ ok: true });
    const { good, wrong } = openCosignatures(note, [isThere(parseWitnessKey(key))]);
    expect([good.map((one) => one.witness), wrong]).toEqual([['witness.example/w1'], []]);
    const kept = await fetch(`http://127.0.0.1:${witness.port}/${originHash(log.origin)}/checkpoint`);
    expect([kept.status, await kept.text()]).toEqual([200, note]);
    const copy = path.join(folder, `${log.origin.replaceAll('/', '_')}.checkpoint`);
    await until(async () => (await readFile(copy, 'utf8').catch(() => '')) === log.checkpoint(), 'the copy');
    expect(await kinds('witness.')).toEqual([]);
    expect(faults).toEqual([]);
  });

  it('AUD-3: a witness that is away holds nothing up; its loss and return are records, and it catches up', async () => {
    await upToDate();
    const { port } = witness;
    await witness.stop();
    await append(3);
    await until(async () => (await kinds('witness.')).includes('witness.lost'), 'the loss');
    expect(view()).toMatchObject({ state: 'lost', why: expect.stringContaining('ECONNREFUSED') });
    await startWitness(port);
    await until(async () => (await kinds('witness.')).length === 2, 'the return');
    expect(await kinds('witness.')).toEqual(['witness.lost', 'witness.reached']);
    await upToDate();
  });

  it('AUD-3: rolled back together with its data folder, the log is found out by the witness at start', async () => {
    await append(2);
    await upToDate();
    await places?.stop();
    await log.close();
    await cp(dataFolder, `${dataFolder}-old`, { recursive: true });
    const old = log.size();
    log = await open();
    places = follow();
    await append(4);
    await upToDate();
    const size = log.size();
    await places.stop();
    await log.close();
    await rollBackTo(old);
    await expect(open(`${dataFolder}-old`)).rejects.toMatchObject({
      code: 'log-rolled-back',
      message: expect.stringMatching(new RegExp(`${old} records.*witness\\.example/w1 has cosigned ${size}`)),
    });
    // The folder elsewhere knows it, too.
    await witness.stop();
    const unwitnessed = openPostgresLog({
      connect: () => newClient(database.gatewayUrl, { applicationName: 'test log' }),
      dataFolder: `${dataFolder}-old`,
      now: Date.now,
      lock: writerLock,
      checkElsewhere: checkElsewhere({ witnesses: [], copyTo: folder, mqtt: null }, `${dataFolder}-old`),
    });
    await expect(unwitnessed).rejects.toMatchObject({ code: 'log-rolled-back' });
    await startWitness(await lastingPort());
    await rm(`${dataFolder}-old`, { recursive: true, force: true });
    // Where neither is asked nobody can tell: what the docs say of a log without them.
    log = await openPostgresLog({
      connect: () => newClient(database.gatewayUrl, { applicationName: 'test log' }),
      dataFolder: await backToOldFile(old),
      now: Date.now,
      lock: writerLock,
    });
    expect(log.size()).toBe(old);
    // Online it is an alarm: recorded here, and kept as evidence there.
    places = follow();
    await until(async () => (await kinds('witness.')).includes('witness.conflict'), 'the conflict');
    expect(view()).toMatchObject({ state: 'conflict', why: expect.stringContaining('rolled back') });
    const alarms = await readAlarms(path.join(folder, 'w'));
    expect(alarms.map(({ alarm, origin }) => [alarm, origin])).toContainEqual(['went-back', log.origin]);
    expect(await countersign(['witness', 'status', '--dir', path.join(folder, 'w')], {})).toBe(1);
  });

  /** Makes the data folder's checkpoint file what it was at that size. */
  async function backToOldFile(size: number): Promise<string> {
    const note = isThere(await readCheckpointAt(runOn(database.pool), size)).split(/(?<=\n)(?=— witness)/)[0] ?? '';
    const file = path.join(dataFolder, 'checkpoints', 'log.checkpoint');
    const content = Buffer.alloc(8192);
    content.write(note);
    await writeFile(file, content);
    return dataFolder;
  }

  it('AUD-3: another history under the same key is refused by the witness, at start and online, and is evidence', async () => {
    await append(4);
    await upToDate();
    await places?.stop();
    await log.close();
    const other = await server.freshDatabase();
    const copy = `${dataFolder}-copy`;
    await cp(dataFolder, copy, { recursive: true });
    await rm(path.join(copy, 'checkpoints'), { recursive: true });
    log = await openPostgresLog({
      connect: () => newClient(other.gatewayUrl, { applicationName: 'test log' }),
      dataFolder: copy,
      now: Date.now,
      lock: writerLock,
    });
    await append(9);
    places = startCheckpointPlaces({ settings: settings(), log, pool: other.pool, reportFault: () => {} });
    await until(() => view().state === 'conflict', 'the conflict');
    expect(view().why).toContain('rewritten');
    await places.stop();
    await log.close();
    await expect(open(copy, other.gatewayUrl)).rejects.toMatchObject({ code: 'log-replaced' });
    const [alarm] = await readAlarms(path.join(folder, 'w'));
    expect(alarm).toMatchObject({ alarm: 'forked', origin: log.origin });
    // Two heads of one log, signed by its key, that cannot both be true.
    for (const note of [alarm?.cosigned, alarm?.asked])
      expect(openCheckpoint(isThere(note), isThere(parseVkey(log.vkey))).ok).toBe(true);
    expect((await (await fetch(`http://127.0.0.1:${witness.port}/health`)).json()).status).toBe('alarmed');
    log = await open();
    await rm(copy, { recursive: true, force: true });
    await other.stop();
  });

  it('AUD-3: what was cosigned is durable: a witness killed and started anew goes on from it', async () => {
    await append(3);
    await upToDate();
    const { port } = witness;
    await witness.stop();
    await startWitness(port);
    expect(await readHeads(path.join(folder, 'w'))).toEqual([{ origin: log.origin, size: log.size() }]);
    await append(1);
    await upToDate();
    expect((await stat(path.join(folder, 'w', 'witness.pem'))).mode & 0o777).toBe(0o600);
  });

  it('AUD-3: a witness that does not know the log’s new key says so, until it is given', async () => {
    await upToDate();
    await log.rotateKey({ actor: null, terminal: null, address: null });
    // The handing over itself is signed by the key that it knows.
    await until(() => view().size === log.size(), 'the handing over cosigned');
    await append(1);
    await until(() => view().state === 'refusing', 'refused');
    expect(view().why).toContain('403');
    expect(await countersign(['witness', 'add-log', log.vkey, '--dir', path.join(folder, 'w')], {})).toBe(0);
    await until(async () => (await kinds('witness.')).length === 2, 'the return');
    expect(await kinds('witness.')).toEqual(['witness.lost', 'witness.reached']);
    await upToDate();
  });

  it('AUD-3: one that forgot what it had cosigned is told of, and cosigns anew', async () => {
    await append(2);
    await upToDate();
    await rm(path.join(folder, 'w', 'heads'), { recursive: true });
    await append(1);
    await until(async () => (await kinds('witness.')).includes('witness.forgot'), 'forgotten');
    await upToDate();
  });

  it('PUB-2: a broker gets the newest checkpoint as JSON; its loss is a record and holds nothing up', async () => {
    const broker = await mqttBroker();
    const receiver = { name: 'broker', to: 'mqtt', topic: 'unused', protocol: '5', from: 'now' } as const;
    const mqtt = {
      broker: { ...receiver, url: `mqtt://127.0.0.1:${broker.port}` },
      topic: 'plant/countersign/checkpoint',
    };
    await places?.stop();
    places = startCheckpointPlaces({
      settings: { witnesses: [], copyTo: null, mqtt },
      log,
      pool: database.pool,
      reportFault: () => {},
    });
    const newest = () => broker.records.at(-1) as { size?: number; checkpoint?: string } | undefined;
    await until(() => newest()?.size === log.size(), 'the first');
    await append(2);
    await until(() => newest()?.size === log.size(), 'the next');
    expect(newest()).toMatchObject({ origin: log.origin, checkpoint: log.checkpoint() });
    expect(broker.raw.at(-1)).toBe('plant/countersign/checkpoint qos 1');
    await broker.kill();
    await append(1);
    await until(async () => (await kinds('checkpoint-copy.')).length === 1, 'the loss');
    expect(places.copies()).toBe('lost');
    await broker.start();
    await until(async () => (await kinds('checkpoint-copy.')).length === 2, 'the return');
    await until(() => newest()?.size === log.size(), 'up to date');
    expect(await kinds('checkpoint-copy.')).toEqual(['checkpoint-copy.lost', 'checkpoint-copy.restored']);
    await places.stop();
    places = null;
    await broker.kill();
  });

  it('AUD-3: many at once are cosigned one after the other, and never back', async () => {
    const sizes: number[] = [];
    for (let round = 0; round < 5; round++) {
      await delay(0);
      await append(1);
      sizes.push(log.size());
    }
    await upToDate();
    const first = isThere(await readCheckpointAt(runOn(database.pool), sizes[0] ?? 0)).split(/(?<=\n)(?=— witness)/)[0];
    const answers = await Promise.all(
      [0, 1, 2].map(() =>
        fetch(`http://127.0.0.1:${witness.port}/add-checkpoint`, { method: 'POST', body: `old 0\n\n${first}` }),
      ),
    );
    for (const answer of answers) {
      expect([answer.status, answer.headers.get('content-type')]).toEqual([409, 'text/x.tlog.size']);
      expect(await answer.text()).toBe(`${log.size()}\n`);
    }
    const tooLarge = { method: 'POST', body: 'x'.repeat(70_000) };
    expect((await fetch(`http://127.0.0.1:${witness.port}/add-checkpoint`, tooLarge)).status).toBe(413);
    expect((await fetch(`http://127.0.0.1:${witness.port}/sign-subtree`, { method: 'POST' })).status).toBe(404);
  });
});
