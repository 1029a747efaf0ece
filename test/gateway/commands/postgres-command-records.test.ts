// The desk on a real PostgreSQL log: what is read back after a restart is what was recorded before it (CMD-1, CMD-6).
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DeskPorts } from '../../../gateway/commands/desk-ports.ts';
import { commandRecords } from '../../../gateway/commands/postgres-command-records.ts';
import {
  openTestLog,
  startTestServer,
  type TestDatabase,
  type TestLog,
  type TestServer,
} from '../../support/database.ts';
import { makeWorld, pump, temperature } from './desk-world.ts';
import { ManualClock, whileClockStands } from './manual-clock.ts';

let server: TestServer;
let database: TestDatabase;
let log: TestLog;
beforeAll(async () => {
  server = await startTestServer();
  database = await server.freshDatabase();
  log = await openTestLog(database);
});
afterAll(async () => {
  await log?.stop();
  await database?.stop();
  await server?.stop();
});

test('CMD-1, CMD-6: open commands are found and closed, closed ones read the same, pages go back to the first', async () => {
  const clock = new ManualClock(Date.now());
  const read = commandRecords(database.pool);
  const ports: Partial<DeskPorts> = {
    append: (draft) => whileClockStands(log.log.append(draft)),
    readCommandRecords: (id) => whileClockStands(read.readCommandRecords(id)),
    readAskedCommands: (before, limit) => whileClockStands(read.readAskedCommands(before, limit)),
    findOpenCommands: () => whileClockStands(read.findOpenCommands()),
  };
  const world = await makeWorld({ clock, ports });
  await world.desk.recover();
  const confirmed = await world.commanded('operator', temperature, 37.5);
  if (!confirmed.ok) throw new Error(confirmed.detail);
  const half = await world.asked('operator', pump, true);
  await world.desk.sign(world.caller('operator'), half.id, await world.signedBody('operator', half.statement));
  let sent: (() => void) | undefined;
  const reached = new Promise<void>((resolve) => {
    sent = resolve;
  });
  world.device.onWrite = () => {
    sent?.();
    return new Promise<never>(() => undefined);
  };
  const stuck = await world.asked('operator', temperature, 38);
  // However often signatures are refused, what moved the command is read back.
  const refusal = {
    kind: 'command.signature-refused',
    actor: world.caller('operator').actor,
    terminal: world.caller('operator').terminal,
    address: '127.0.0.1',
    subject: stuck.tagId,
    command: stuck.id,
    detail: { code: 'statement-altered', text: 'Not this one.' },
  } as const;
  await whileClockStands(Promise.all(Array.from({ length: 600 }, () => log.log.append(refusal))));
  void world.desk.sign(world.caller('operator'), stuck.id, await world.signedBody('operator', stuck.statement));
  await reached;

  const records = commandRecords(database.pool);
  expect(await records.findOpenCommands()).toEqual([half.id, stuck.id]);
  const next = await makeWorld({ clock, ports });
  next.device.values.set(0, 38);
  const recovering = next.desk.recover();
  await clock.until(recovering);
  expect(await records.findOpenCommands()).toEqual([]);
  const after = await makeWorld({ clock, ports });
  expect(await after.desk.get(after.caller('operator'), stuck.id)).toMatchObject({ command: { state: 'confirmed' } });
  expect((await records.readCommandRecords(stuck.id)).length).toBeLessThan(200);
  expect(await after.desk.get(after.caller('operator'), half.id)).toMatchObject({ command: { state: 'expired' } });
  expect(await after.desk.get(after.caller('operator'), confirmed.command.id)).toEqual({
    ok: true,
    command: confirmed.command,
  });

  const first = await after.desk.list(after.caller('operator'), null, 2);
  expect(first.commands.map(({ id }) => id)).toEqual([stuck.id, half.id]);
  const second = await after.desk.list(after.caller('operator'), first.next, 2);
  expect(second).toMatchObject({ commands: [{ id: confirmed.command.id }], next: null });
  expect((await after.desk.list(after.caller('visitor'), null, 10)).commands).toEqual([]);
});

test('CMD-4: while the database is away commands cannot be read, and that is said', async () => {
  const away = commandRecords({
    query: () => Promise.reject(new Error('connection refused')),
  } as never);
  await expect(away.findOpenCommands()).rejects.toMatchObject({ code: 'log-unavailable' });
  await expect(away.readCommandRecords('x')).rejects.toMatchObject({ code: 'log-unavailable' });
});
