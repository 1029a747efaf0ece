import { describe, expect, test } from 'vitest';
import { makeTag, makeWorld, setpointRule, temperature } from './desk-world.ts';

/** Ends as written and read back while the device shows `path`, one step each 250 ms; the last one stays. */
async function outcomeAlong(path: readonly number[], tag = temperature) {
  const world = await makeWorld({ tags: [tag] });
  world.device.onWrite = () => {
    path.forEach((value, step) => {
      if (step === 0) world.device.values.set(0, value);
      else void world.clock.wait(step * 250).then(() => world.device.values.set(0, value));
    });
    return { kind: 'written', status: 'Good' };
  };
  await world.commanded('operator', tag, 37.5);
  const closing = world.log.kinds().at(-1);
  if (closing === undefined) throw new Error('nothing was recorded');
  return world.log.last(closing);
}

// Found by the fault run: a device that settles later than the tag allows for was called failed, and then arrived.
describe('a value that does not arrive in time', () => {
  test('CMD-5: came nearer while it was watched: nobody can tell whether it will arrive', async () => {
    const record = await outcomeAlong([37, 37.1, 37.2, 37.3, 37.35, 37.4]);
    const text: unknown = expect.stringContaining('may still be on its way');
    expect(record).toMatchObject({ kind: 'command.unknown', detail: { code: 'still-moving', text } });
  });

  test('CMD-5: is not shown though the device took it: it may not have, or show it late', async () => {
    const record = await outcomeAlong([37]);
    const text: unknown = expect.stringContaining('it answered that it did, and it still shows 37 °C');
    expect(record).toMatchObject({ kind: 'command.unknown', detail: { code: 'not-shown', text } });
  });

  test('CMD-5: stands at a third value, or went away from it: failed', async () => {
    for (const path of [[36.5], [38.5], [37.2], [37.2, 37.1], [37.3, 37.2, 36.8]])
      expect(await outcomeAlong(path)).toMatchObject({
        kind: 'command.failed',
        detail: { code: 'read-back-differs', readBack: { value: path.at(-1) } },
      });
  });

  test('CMD-5: read once on the way there: nobody can tell whether it stands or moves', async () => {
    const once = makeTag(0, 'TIC.SP', { setpoint: { ...setpointRule, settleMs: 0, confirmWithinMs: 0 } });
    expect(await outcomeAlong([37.2], once)).toMatchObject({
      kind: 'command.unknown',
      detail: { code: 'still-moving', readBack: { value: 37.2 } },
    });
    expect(await outcomeAlong([36.2], once)).toMatchObject({ kind: 'command.failed' });
  });
});
