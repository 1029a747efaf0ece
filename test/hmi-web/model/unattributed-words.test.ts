import { expect, test } from 'vitest';
import type { TagView } from '../../../gateway/contract/tag.ts';
import type { UnattributedChange } from '../../../gateway/contract/unattributed-change.ts';
import { unattributedChangeSchema } from '../../../gateway/contract/unattributed-change.ts';
import { notPutAway, unattributedRemark, unattributedText } from '../../../hmi-web/model/unattributed-words.ts';

const change: UnattributedChange = unattributedChangeSchema.parse({
  record: 41,
  time: '2026-04-17T08:00:01.000Z',
  tagId: 'BR101.TIC.SP',
  area: 'upstream',
  description: 'Bioreactor temperature setpoint',
  old: 37,
  new: 38,
  unit: '°C',
  quality: 'good',
  sourceTime: '2026-04-17T08:00:00.000Z',
  while: 'live',
  count: 1,
  min: 38,
  max: 38,
});
const tag = { dataType: 'float32', decimals: 1, states: null } as unknown as TagView;

test('CMD-11: a change made past the gateway is told with old and new value and unit', () => {
  expect(unattributedText(change, tag)).toBe('37.0 → 38.0\u00a0°C');
  expect(unattributedText({ ...change, new: 38.25 }, tag)).toContain('38.25');
  expect(unattributedText(change, undefined)).toBe('37 → 38\u00a0°C');
  expect(unattributedRemark(change, tag)).toBe('');
});

test('CMD-11: a burst is told with its extremes, a change found after an outage as such', () => {
  const remark = unattributedRemark({ ...change, count: 3, min: 36, max: 39, while: 'outage' }, tag);
  expect(remark).toContain('away');
  expect(remark).toContain('3 changes');
  expect(remark).toContain('36.0');
  expect(remark).toContain('39.0');
  const states = { ...tag, dataType: 'bool', states: { true: 'Running', false: 'Stopped' } } as TagView;
  const pump = { ...change, old: false, new: true, unit: '', count: 2, min: null, max: null };
  expect(unattributedText(pump, states)).toBe('Stopped → Running');
  expect(unattributedRemark(pump, states)).toBe('2 changes in a row');
});

test('CMD-11: what was put away stays away, what came later is shown', () => {
  const changes = [{ ...change, record: 50 }, change];
  expect(notPutAway(changes, null)).toHaveLength(2);
  expect(notPutAway(changes, 41).map(({ record }) => record)).toEqual([50]);
  expect(notPutAway(changes, 50)).toEqual([]);
});
