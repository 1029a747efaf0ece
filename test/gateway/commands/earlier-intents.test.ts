import { describe, expect, test } from 'vitest';
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
  test('CMD-6: after a restart confirms nothing where the earlier command for it failed or is unknown', async () => {
    for (const answer of ['written', 'unknown'] as const) {
      const world = await makeWorld();
      // The device says yes, or nothing, and shows the old value.
      world.device.onWrite = () =>
        answer === 'written' ? { kind: 'written', status: 'Good' } : { kind: 'unknown', detail: 'no answer' };
      await world.commanded('operator', temperature, 37.5);
      expect(world.log.kinds().at(-1)).toBe(answer === 'written' ? 'command.failed' : 'command.unknown');
      const next = await crashedAndRecovered(world);
      expect(next.log.records.at(-1)).toMatchObject({
        kind: 'command.unknown',
        detail: { text: expect.stringContaining('which an earlier command may have brought') },
      });
      expect(next.device.writes).toEqual([]);
    }
  });

  test('CMD-5: proves nothing either for a write that was not answered, without any restart; an answered one is confirmed', async () => {
    for (const answer of ['unknown', 'written'] as const) {
      const world = await makeWorld();
      world.device.onWrite = () => ({ kind: 'written', status: 'Good' });
      await world.commanded('operator', temperature, 37.5);
      expect(world.log.kinds().at(-1)).toBe('command.failed');
      world.device.onWrite = () => {
        world.device.values.set(0, 37.5);
        return answer === 'unknown' ? { kind: 'unknown', detail: 'no answer' } : { kind: 'written', status: 'Good' };
      };
      await world.commanded('operator', temperature, 37.5);
      expect(world.log.kinds().at(-1)).toBe(answer === 'unknown' ? 'command.unknown' : 'command.confirmed');
    }
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
