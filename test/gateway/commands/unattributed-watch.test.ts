import { describe, expect, test } from 'vitest';
import type { CommandRecord } from '../../../gateway/commands/command-record.ts';
import { watchUnattributed } from '../../../gateway/commands/unattributed-watch.ts';
import type { CommandView } from '../../../gateway/contract/command.ts';
import type { UnattributedChange } from '../../../gateway/contract/unattributed-change.ts';
import type { TagValue } from '../../../gateway/contract/values.ts';
import type { Sample } from '../../../gateway/plant/sample.ts';
import type { Tag } from '../../../gateway/plant/tag.ts';
import { FakeLog, measured, pump, temperature } from './desk-world.ts';
import { ManualClock } from './manual-clock.ts';

/** One run of the watch. `log` and `clock` of an earlier run make it a restart. */
async function watching(change: { readonly log?: FakeLog; readonly clock?: ManualClock } = {}) {
  const clock = change.clock ?? new ManualClock();
  const log = change.log ?? new FakeLog(clock);
  const told: UnattributedChange[] = [];
  const faults: unknown[] = [];
  const state = { byPlant: false, readable: true };
  const watch = watchUnattributed({
    now: clock.now,
    wait: clock.wait,
    append: log.append,
    tags: [temperature, measured, pump],
    readAttributedRecords: async () => {
      if (!state.readable) throw new Error('the database is away');
      return log.records.filter((record: CommandRecord) => /^(setpoint|command)\./.test(record.kind));
    },
    movedByPlant: () => state.byPlant,
    lostAfterMs: () => 3_000,
    announce: (one) => told.push(one),
    reportFault: (_context, fault) => faults.push(fault),
  });
  const show = (tag: Tag, value: TagValue, quality: Sample['quality'] = 'good') =>
    watch.take([
      {
        index: tag.index,
        value,
        quality,
        reason: quality === 'bad' ? 'connection-lost' : 'none',
        sourceTimeMs: clock.now(),
      },
    ]);
  const starting = watch.start();
  await clock.advance(0);
  return { clock, log, told, faults, state, watch, show, starting };
}

/** With the first values on record. */
async function known() {
  const world = await watching();
  world.show(temperature, 37);
  await world.clock.advance(2_000);
  expect(world.log.kinds()).toEqual(['setpoint.baseline']);
  return world;
}
const kinds = (log: FakeLog, kind: string) => log.records.filter((record) => record.kind === kind);

describe('bursts', () => {
  test('CMD-11: moves close together are one record; after it, at most one in 10 s', async () => {
    const { clock, log, show } = await known();
    for (const value of [36, 39, 38]) {
      show(temperature, value);
      await clock.advance(200);
    }
    await clock.advance(2_000);
    expect(kinds(log, 'setpoint.unattributed')).toMatchObject([
      { old: 37, new: 38, detail: { count: 3, first: 36, min: 36, max: 39, while: 'live' } },
    ]);
    for (let second = 0; second < 60; second += 1) {
      show(temperature, second % 2 === 0 ? 35 : 38);
      await clock.advance(1_000);
    }
    await clock.advance(20_000);
    const records = kinds(log, 'setpoint.unattributed');
    expect(records.length).toBeLessThanOrEqual(1 + 7);
    const counted = records.reduce((sum, record) => sum + Number(record.detail?.count), 0);
    expect(counted).toBe(3 + 60);
    const times = records.map((record) => Date.parse(record.time));
    for (const [index, time] of times.entries()) {
      if (index > 0) expect(time - (times[index - 1] ?? 0)).toBeGreaterThanOrEqual(10_000);
    }
  });

  test('CMD-11: while the log is away nothing is lost: one record tells all of it when the log is back', async () => {
    const { clock, log, show, told } = await known();
    log.away = true;
    for (let i = 0; i < 500; i += 1) {
      show(temperature, i % 2 === 0 ? 36 : 39);
      await clock.advance(100);
    }
    expect(told).toEqual([]);
    log.away = false;
    await clock.advance(15_000);
    expect(kinds(log, 'setpoint.unattributed')).toMatchObject([
      { old: 37, new: 39, detail: { count: 500, min: 36, max: 39 } },
    ]);
    expect(told).toMatchObject([{ tagId: temperature.id, old: 37, new: 39, count: 500 }]);
  });

  test('CMD-11: what still waits at the stop is recorded, once', async () => {
    const { log, show, watch } = await known();
    show(temperature, 36);
    await watch.stop();
    await watch.stop();
    expect(kinds(log, 'setpoint.unattributed')).toHaveLength(1);
  });
});

describe('outages', () => {
  test('CMD-11: the PLC’s loss is no change; what it holds when it is back is one, found as such', async () => {
    const { clock, log, show } = await known();
    show(temperature, 37, 'bad');
    await clock.advance(60_000);
    show(temperature, 37);
    await clock.advance(20_000);
    expect(kinds(log, 'setpoint.unattributed')).toEqual([]);
    show(temperature, 37, 'bad');
    show(temperature, 36, 'bad');
    await clock.advance(20_000);
    expect(kinds(log, 'setpoint.unattributed')).toEqual([]);
    show(temperature, 36);
    await clock.advance(20_000);
    show(temperature, 35);
    await clock.advance(20_000);
    expect(kinds(log, 'setpoint.unattributed')).toMatchObject([
      { old: 37, new: 36, detail: { while: 'outage' } },
      { old: 36, new: 35, detail: { while: 'live' } },
    ]);
  });

  test('CMD-11: a restart goes on from the log, also where the log can only be read later', async () => {
    const first = await known();
    await first.watch.stop();
    const next = await watching(first);
    next.state.readable = false;
    const late = await watching(first);
    late.state.readable = false;
    next.show(temperature, 37);
    await next.clock.advance(3_000);
    expect(kinds(first.log, 'setpoint.unattributed')).toEqual([]);
    await next.watch.stop();
    // Seen before the log could be read, judged after.
    const unread = await watching({ ...first });
    unread.show(temperature, 36);
    await unread.starting;
    await unread.clock.advance(3_000);
    expect(kinds(first.log, 'setpoint.unattributed')).toMatchObject([
      { old: 37, new: 36, detail: { while: 'outage' } },
    ]);
    expect(kinds(first.log, 'setpoint.baseline')).toHaveLength(1);
  });

  test('CMD-6, CMD-11: an intent that an earlier run left open may have brought its value', async () => {
    const first = await known();
    await first.watch.stop();
    const id = '5f0c2a1e-6a51-4c58-9a53-8a6e1a9f1d10';
    await first.log.append({
      kind: 'command.accepted',
      actor: null,
      terminal: null,
      address: null,
      subject: temperature.id,
      old: 37,
      new: 38,
      unit: '°C',
      command: id,
    });
    const next = await watching(first);
    next.show(temperature, 38);
    await next.clock.advance(3_000);
    next.watch.command({
      id,
      tagId: temperature.id,
      state: 'confirmed',
      value: 38,
      observed: { value: 37 },
      readBack: { value: 38 },
    } as unknown as CommandView);
    await next.clock.advance(20_000);
    expect(kinds(first.log, 'setpoint.unattributed')).toEqual([]);
    next.show(temperature, 37);
    await next.clock.advance(3_000);
    expect(kinds(first.log, 'setpoint.unattributed')).toMatchObject([{ old: 38, new: 37 }]);
  });
});

describe('the plant’s own moves', () => {
  test('CMD-11: are excluded while the tag’s condition holds, and accounted for when it is over', async () => {
    const { clock, log, show, state } = await known();
    state.byPlant = true;
    for (const value of [36.5, 36, 35.5]) {
      show(temperature, value);
      await clock.advance(5_000);
    }
    expect(log.kinds()).toEqual(['setpoint.baseline']);
    state.byPlant = false;
    await clock.advance(15_000);
    expect(kinds(log, 'setpoint.unattributed')).toEqual([]);
    expect(kinds(log, 'setpoint.baseline').at(-1)).toMatchObject({ new: 35.5, detail: { why: 'moved-by-plant' } });
    show(temperature, 37);
    await clock.advance(15_000);
    expect(kinds(log, 'setpoint.unattributed')).toMatchObject([{ old: 35.5, new: 37 }]);
  });

  test('CMD-11: also where the condition is seen a moment after the move', async () => {
    const { clock, log, show, state } = await known();
    show(temperature, 36);
    await clock.advance(300);
    state.byPlant = true;
    await clock.advance(15_000);
    expect(kinds(log, 'setpoint.unattributed')).toEqual([]);
  });
});

test('CMD-11: tags that nobody can write from here are not watched', async () => {
  const { clock, log, show } = await watching();
  show(measured, 36.9);
  await clock.advance(5_000);
  show(measured, 12);
  await clock.advance(20_000);
  expect(log.kinds()).toEqual([]);
});
