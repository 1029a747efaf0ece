import { describe, expect, test } from 'vitest';
import { GatewayError } from '../../../gateway/contract/problem.ts';
import { codeOf, type FakeLog, makeTag, makeWorld, pump, temperature, type World } from './desk-world.ts';

const other = makeTag(4, 'OTHER.SP');

/** A world whose gateway dies while the write of 37 → 37.5 is on its way: the log ends with command.accepted. */
async function crashed(): Promise<{ readonly world: World; readonly id: string }> {
  const world = await makeWorld();
  world.device.onWrite = () => new Promise<never>(() => undefined);
  const command = await world.asked('operator', temperature, 37.5);
  const body = await world.signedBody('operator', command.statement);
  void world.desk.sign(world.caller('operator'), command.id, body).catch(() => undefined);
  await world.clock.advance(100);
  expect(world.log.kinds().at(-1)).toBe('command.accepted');
  return { world, id: command.id };
}

/** The next run on the same log: new memory, a clock that goes on. The device is a new one, holding `holds`. */
async function restarted(before: { readonly log: FakeLog; readonly clock: World['clock'] }, holds: number | null) {
  const world = await makeWorld({ log: before.log, clock: before.clock });
  world.device.values.set(0, holds);
  return world;
}

describe('after a restart', () => {
  const cases = [
    { title: 'holds the new value', holds: 37.5, state: 'confirmed' },
    { title: 'holds the old value', holds: 37, state: 'unknown' },
    { title: 'holds a third value', holds: 36, state: 'unknown' },
  ];
  test.each(cases)(
    'CMD-6: an open intent is closed as $state where the device $title, by reading alone',
    async ({ holds, state }) => {
      const { world, id } = await crashed();
      const next = await restarted(world, holds);
      const recovery = next.desk.recover();
      await next.clock.advance(5_000);
      // Not before the last moment of the write has passed.
      expect(next.device.reads).toBe(0);
      expect((await next.desk.list(next.caller('operator'), null, 10)).commands).toMatchObject([
        { id, state: 'accepted' },
      ]);
      await next.clock.until(recovery);
      expect(next.log.last(`command.${state}`)).toMatchObject({ command: id, actor: null });
      expect((await next.desk.list(next.caller('operator'), null, 10)).commands).toMatchObject([{ id, state }]);
      expect(next.device.writes).toEqual([]);
    },
  );

  test('CMD-6, CMD-7: an intent that still waited for its turn behind another was provably never sent', async () => {
    const { world, id } = await crashed();
    const waiting = await world.asked('supervisor', temperature, 37.8);
    const body = await world.signedBody('supervisor', waiting.statement);
    void world.desk.sign(world.caller('supervisor'), waiting.id, body).catch(() => undefined);
    await world.clock.advance(100);
    expect(world.log.records.at(-1)).toMatchObject({ kind: 'command.accepted', command: waiting.id });
    // Whatever the device holds, even the very value: it was not this command that brought it there.
    const next = await restarted(world, 37.8);
    const recovery = next.desk.recover();
    await next.clock.advance(100);
    expect(next.log.last('command.failed')).toMatchObject({ command: waiting.id, detail: { code: 'not-sent' } });
    expect(next.device.reads).toBe(0);
    await next.clock.until(recovery);
    expect(next.log.last('command.unknown')).toMatchObject({ command: id });
    expect(next.log.kinds().filter((kind) => kind === 'command.confirmed')).toEqual([]);
    expect(next.device.writes).toEqual([]);
  });

  test('CMD-6: intents of different tags are each closed by their own device, one never stands for the other', async () => {
    const tags = [temperature, other];
    const world = await makeWorld({ tags });
    world.device.values.set(other.index, 37);
    world.device.onWrite = () => new Promise<never>(() => undefined);
    for (const [tag, value] of [
      [temperature, 37.5],
      [other, 36.5],
    ] as const) {
      const command = await world.asked('operator', tag, value);
      const body = await world.signedBody('operator', command.statement);
      void world.desk.sign(world.caller('operator'), command.id, body).catch(() => undefined);
      await world.clock.advance(100);
    }
    const next = await makeWorld({ tags, log: world.log, clock: world.clock });
    next.device.values.set(temperature.index, 37.5);
    next.device.values.set(other.index, 37);
    await next.clock.until(next.desk.recover());
    expect(next.log.last('command.confirmed')).toMatchObject({ subject: temperature.id });
    expect(next.log.last('command.unknown')).toMatchObject({ subject: other.id });
  });

  test('CMD-6: a device that stays away leaves the outcome unknown, one that comes back late is still read', async () => {
    const away = await crashed();
    const silent = await restarted(away.world, 37.5);
    silent.device.readable = false;
    await silent.clock.until(silent.desk.recover());
    expect(silent.log.kinds().at(-1)).toBe('command.unknown');

    const late = await crashed();
    const back = await restarted(late.world, 37.5);
    back.device.readable = false;
    const recovery = back.desk.recover();
    await back.clock.advance(30_000);
    back.device.readable = true;
    await back.clock.until(recovery);
    expect(back.log.kinds().at(-1)).toBe('command.confirmed');
  });

  test('CMD-6: what was asked or only half signed has expired, nothing of it can be signed any more', async () => {
    const world = await makeWorld();
    const asked = await world.asked('operator', temperature, 37.5);
    const half = await world.asked('operator', pump, true);
    await world.clock.until(
      world.desk.sign(world.caller('operator'), half.id, await world.signedBody('operator', half.statement)),
    );
    const next = await restarted(world, 37);
    await next.clock.until(next.desk.recover());
    expect(next.log.kinds().slice(-2)).toEqual(['command.expired', 'command.expired']);
    const body = await world.signedBody('operator', asked.statement);
    expect(codeOf(await next.desk.sign(next.caller('operator'), asked.id, body))).toBe('wrong-stage');
    expect(await next.desk.get(next.caller('operator'), half.id)).toMatchObject({
      command: { state: 'expired', signatures: [{ signer: 'operator' }] },
    });
    expect(next.device.writes).toEqual([]);
  });

  test('CMD-6, CMD-7: until an open intent is closed, no new command is written at its device address', async () => {
    const { world } = await crashed();
    const next = await restarted(world, 37);
    const recovery = next.desk.recover();
    await next.clock.advance(100);
    const command = await next.asked('operator', temperature, 37.5);
    const body = await next.signedBody('operator', command.statement);
    const signing = next.desk.sign(next.caller('operator'), command.id, body);
    await next.clock.advance(4_000);
    expect(next.device.writes).toEqual([]);
    await next.clock.until(recovery);
    const kinds = next.log.records.filter((record) => record.command !== command.id).map(({ kind }) => kind);
    expect(kinds.at(-1)).toBe('command.unknown');
    await next.clock.until(signing);
  });

  test('CMD-6: no command is taken before it is known what earlier runs left open; then it is', async () => {
    const { world } = await crashed();
    const log = world.log;
    let readable = false;
    const next = await makeWorld({
      clock: world.clock,
      log,
      ports: {
        findOpenCommands: async () => {
          if (!readable) throw new GatewayError('log-unavailable', 'the database is away');
          return [];
        },
      },
    });
    const recovery = next.desk.recover();
    const ask = () =>
      next.desk.ask(next.caller('operator'), {
        tagId: temperature.id,
        value: 37.5,
        observed: { value: 37, sourceTime: next.clock.iso() },
      });
    const early = ask();
    await next.clock.advance(5_001);
    expect(codeOf(await early)).toBe('starting');
    expect(next.faults.length).toBeGreaterThan(0);
    readable = true;
    const late = ask();
    await next.clock.advance(1_001);
    expect((await late).ok).toBe(true);
    await recovery;
  });

  test('CMD-6: commands that closed before are left alone, and recovering twice adds nothing', async () => {
    const world = await makeWorld();
    await world.commanded('operator', temperature, 37.5);
    const { length } = world.log.records;
    const next = await restarted(world, 37.5);
    await next.clock.until(next.desk.recover());
    await next.clock.until(next.desk.recover());
    expect(world.log.records).toHaveLength(length);
    expect(next.device.reads).toBe(0);
  });

  test('CMD-1: a closed command reads the same from the log as it did from memory', async () => {
    const world = await makeWorld();
    const answer = await world.commanded('operator', temperature, 37.5);
    if (!answer.ok) throw new Error(answer.detail);
    const next = await restarted(world, 37.5);
    expect(await next.desk.get(next.caller('operator'), answer.command.id)).toEqual({
      ok: true,
      command: answer.command,
    });
  });
});

describe('an unknown outcome', () => {
  async function unknownCommand() {
    const world = await makeWorld();
    world.device.onWrite = () => ({ kind: 'unknown', detail: 'time-out' });
    const answer = await world.commanded('operator', temperature, 37.5);
    if (!answer.ok) throw new Error(answer.detail);
    expect(answer.command.state).toBe('unknown');
    return { world, id: answer.command.id };
  }

  test('CMD-6: is resolved by a person’s signature, with what was found, also after a restart', async () => {
    const { world, id } = await unknownCommand();
    const next = await makeWorld({ log: world.log, clock: world.clock });
    await next.desk.recover();
    const who = next.caller('supervisor');
    const answer = await next.desk.offer(who, id, { purpose: 'resolve', found: 'not-reached' });
    if (!answer.ok) throw new Error(answer.detail);
    expect(answer.offer.statement).toMatchObject({
      purpose: 'resolve',
      about: `command:${id}`,
      change: { found: 'not-reached' },
    });
    const altered = await next.signedBody('supervisor', answer.offer.statement, {
      change: { change: { found: 'reached' } },
    });
    expect(codeOf(await next.desk.sign(who, id, altered))).toBe('statement-altered');
    expect(next.log.last('command.signature-refused')).toMatchObject({ command: id });
    const body = await next.signedBody('supervisor', answer.offer.statement);
    expect(await next.desk.sign(who, id, body)).toMatchObject({
      ok: true,
      command: { state: 'resolved', outcome: { code: 'not-reached' } },
    });
    expect(next.log.last('command.resolved')).toMatchObject({
      actor: { id: 'supervisor' },
      signature: { jws: body.statement },
    });
    expect(codeOf(await next.desk.sign(who, id, body))).toBe('wrong-stage');
    expect(next.device.writes).toEqual([]);
  });

  test('CMD-6: does not block the next command; and only an unknown outcome is resolved', async () => {
    const { world } = await unknownCommand();
    world.device.onWrite = (tag, value) => {
      world.device.values.set(tag.index, value);
      return { kind: 'written', status: 'Good' };
    };
    const next = await world.commanded('operator', temperature, 38);
    if (!next.ok) throw new Error(next.detail);
    expect(next.command.state).toBe('confirmed');
    const offer = await world.desk.offer(world.caller('supervisor'), next.command.id, {
      purpose: 'resolve',
      found: 'reached',
    });
    expect(codeOf(offer)).toBe('wrong-stage');
  });
});
