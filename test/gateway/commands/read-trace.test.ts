import { describe, expect, it } from 'vitest';
import type { ReadDevice } from '../../../gateway/commands/ports.ts';
import { ReadTrace } from '../../../gateway/commands/read-trace.ts';
import type { TagValue } from '../../../gateway/contract/values.ts';
import type { Tag } from '../../../gateway/plant/tag.ts';

const tag = (id: string) => ({ id, index: 0 }) as Tag;
const point = tag('BR101.TIC.SP');

/** A device that answers these values in turn, a second apart; undefined does not answer. */
function deviceOf(...values: (TagValue | undefined)[]): { readonly read: ReadDevice; readonly now: () => number } {
  let atMs = Date.UTC(2026, 0, 1);
  return {
    now: () => atMs,
    read: async () => {
      atMs += 1000;
      const value = values.shift();
      return value === undefined
        ? { ok: false, reason: 'no-answer', detail: 'silence' }
        : {
            ok: true,
            readAtMs: atMs,
            sample: { index: 0, value, quality: 'good', reason: 'none', sourceTimeMs: atMs },
          };
    },
  };
}

async function traceOf(values: (TagValue | undefined)[], asked = point): Promise<ReadTrace> {
  const trace = new ReadTrace();
  const count = values.length;
  const device = deviceOf(...values);
  const read = trace.over(device.read, point.id, device.now);
  for (let turn = 0; turn < count; turn++) await read(asked, 1000);
  return trace;
}

describe('the trace of a write', () => {
  it('CMD-5: keeps each change with its time, the last of what stayed, and null where nothing could be read', async () => {
    const trace = await traceOf([37, 37, 37, 38, undefined, 38.2]);
    expect(trace.points().map(({ value, time }) => [value, time.slice(17, 19)])).toEqual([
      [37, '01'],
      [37, '03'],
      [38, '04'],
      [null, '05'],
      [38.2, '06'],
    ]);
  });

  it('CMD-5: notes no other tag', async () => {
    expect((await traceOf([1, 0, 1], tag('BR101.TIC.MODE'))).points()).toEqual([]);
  });

  it('CMD-5: is bounded, and keeps the first and the newest point', async () => {
    const values = Array.from({ length: 1000 }, (_, turn) => turn / 10);
    const points = (await traceOf(values)).points();
    expect(points.length).toBeLessThanOrEqual(60);
    expect(points.length).toBeGreaterThanOrEqual(30);
    expect([points[0]?.value, points.at(-1)?.value]).toEqual([0, 99.9]);
    const times = points.map(({ time }) => time);
    expect(times).toEqual(times.toSorted());
  });
});
