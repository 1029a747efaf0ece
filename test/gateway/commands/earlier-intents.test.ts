import { describe, expect, test } from 'vitest';
import type { CommandView } from '../../../gateway/contract/command.ts';
import { makeWorld, temperature, type World } from './desk-world.ts';

/** One more command for 37.5 whose gateway dies during the write; then the next run reads the device, which holds it. */
async function crashedAndRecovered(world: World): Promise<World> {
  world.device.onWrite = () => new Promise<never>(() => undefined);
  const command = await world.asked('operator', temperature, 37.5);
  const body = await world.signedBody('operator', command.statement);
  void world.desk.sign(world.caller('operator'), command.id, body).catch(() => undefined);
  await world.clock.advance(100);
  expect(world.log.kinds().at(-1)).toBe('command.accepted');
  const next = await makeWorld({ log: world.log, clock: world.clock });
  next.device.values.set(0, 37.5);
  await next.clock.until(next.desk.recover());
  return next;
}

// Found by the fault run: a slow device came to the value of an earlier command, and a later one was confirmed by it
// that had never been sent.
describe('a value that an earlier command may have brought', () => {
  test('CMD-6: after a restart confirms nothing where the outcome of the earlier command for it is unknown', async () => {
    for (const answer of ['written', 'unknown'] as const) {
      const world = await makeWorld();
      // The device says yes, or nothing, and shows the old value.
      world.device.onWrite = () =>
        answer === 'written' ? { kind: 'written', status: 'Good' } : { kind: 'unknown', detail: 'no answer' };
      await world.commanded('operator', temperature, 37.5);
      expect(world.log.last('command.unknown').detail?.code).toBe(answer === 'written' ? 'not-shown' : 'no-answer');
      const next = await crashedAndRecovered(world);
      expect(next.log.records.at(-1)).toMatchObject({
        kind: 'command.unknown',
        detail: { text: expect.stringContaining('which an earlier command may have brought') },
      });
      expect(next.device.writes).toEqual([]);
    }
  });

  /** A command for 37.5 that the device says yes to, and does nothing; then another, which it answers as told. */
  async function again(
    second: (world: World) => { readonly answer: 'written' | 'unknown'; readonly afterMs: number },
    between: (world: World, first: CommandView) => Promise<unknown> = async () => undefined,
  ): Promise<World> {
    const world = await makeWorld();
    world.device.onWrite = () => ({ kind: 'written', status: 'Good' });
    const first = await world.commanded('operator', temperature, 37.5);
    if (!first.ok) throw new Error(first.detail);
    expect(first.command.state).toBe('unknown');
    await between(world, first.command);
    world.device.onWrite = () => {
      const { answer, afterMs } = second(world);
      const hold = (): void => void world.device.values.set(0, 37.5);
      if (afterMs === 0) hold();
      else void world.clock.wait(afterMs).then(hold);
      return answer === 'unknown' ? { kind: 'unknown', detail: 'no answer' } : { kind: 'written', status: 'Good' };
    };
    await world.commanded('operator', temperature, 37.5);
    expect(world.device.writes).toHaveLength(2);
    return world;
  }

  test('CMD-5: proves nothing for a write that was not answered, nor for one whose value came later; at once it does', async () => {
    for (const [answer, afterMs, kind] of [
      ['unknown', 0, 'command.unknown'],
      ['written', 500, 'command.unknown'],
      ['written', 0, 'command.confirmed'],
    ] as const) {
      const { log } = await again(() => ({ answer, afterMs }));
      const closing = log.records.at(-1);
      expect(closing?.kind, `${answer} after ${afterMs} ms`).toBe(kind);
      if (kind === 'command.unknown')
        expect(closing?.detail?.text).toContain('which an earlier command may have brought');
    }
  });

  test('CMD-5, CMD-6: counts again when a person has looked at the equipment and signed what he found', async () => {
    for (const [found, kind] of [
      ['not-reached', 'command.confirmed'],
      ['cannot-be-told', 'command.unknown'],
    ] as const) {
      const { log } = await again(
        () => ({ answer: 'written', afterMs: 500 }),
        async (world, { id }) => {
          const who = world.caller('supervisor');
          const answer = await world.desk.offer(who, id, { purpose: 'resolve', found });
          if (!answer.ok) throw new Error(answer.detail);
          const body = await world.signedBody('supervisor', answer.offer.statement);
          expect(await world.desk.sign(who, id, body)).toMatchObject({ command: { state: 'resolved' } });
        },
      );
      expect(log.kinds().at(-1), found).toBe(kind);
    }
  });

  test('CMD-5: is no question where the earlier value was seen in place, and given up again', async () => {
    const world = await makeWorld();
    world.device.onWrite = (tag, value) => {
      world.device.values.set(tag.index, value);
      void world.clock.wait(100).then(() => world.device.values.set(tag.index, 37));
      return { kind: 'written', status: 'Good' };
    };
    await world.commanded('operator', temperature, 37.5);
    expect(world.log.last('command.failed').detail?.code).toBe('reverted');
    world.device.onWrite = (tag, value) => {
      void world.clock.wait(500).then(() => world.device.values.set(tag.index, value));
      return { kind: 'unknown', detail: 'no answer' };
    };
    await world.commanded('operator', temperature, 37.5);
    expect(world.log.kinds().at(-1)).toBe('command.confirmed');
  });

  test('CMD-6: confirms where the earlier command was refused by the device, was long ago, or was for another value', async () => {
    const rejected = await makeWorld();
    rejected.device.onWrite = () => ({ kind: 'rejected', status: 'BadNotWritable', detail: 'no' });
    await rejected.commanded('operator', temperature, 37.5);
    expect((await crashedAndRecovered(rejected)).log.kinds().at(-1)).toBe('command.confirmed');

    const longAgo = await makeWorld();
    longAgo.device.onWrite = () => ({ kind: 'written', status: 'Good' });
    await longAgo.commanded('operator', temperature, 37.5);
    await longAgo.clock.advance(6 * 60_000);
    expect((await crashedAndRecovered(longAgo)).log.kinds().at(-1)).toBe('command.confirmed');

    const another = await makeWorld();
    another.device.onWrite = () => ({ kind: 'written', status: 'Good' });
    await another.commanded('operator', temperature, 36.5);
    expect((await crashedAndRecovered(another)).log.kinds().at(-1)).toBe('command.confirmed');
  });
});
