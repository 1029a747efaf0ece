// When the page says that it has lost the gateway, and what brings it back (LIV-3); idle warnings; the tag table.
import { expect, test } from 'vitest';
import type { TagId } from '../../../gateway/contract/ids.ts';
import { type LinkState, nextLinkState, silenceLimitMs } from '../../../hmi-web/gateway-client/link-state.ts';
import { createLiveValues } from '../../../hmi-web/gateway-client/live-values.ts';
import { idlenessOf, shouldTellPresence } from '../../../hmi-web/model/idleness.ts';
import { chooseTags } from '../../../hmi-web/model/tag-list.ts';
import { demoAreas, demoTags } from '../support/demo-tags.ts';

const live: LinkState = { kind: 'live' };
const tick = (silentMs: number) => ({
  kind: 'tick' as const,
  monotonicMs: 50_000,
  heardAtMs: 50_000 - silentMs,
  wallMs: 9_000_000,
});

test('LIV-3: five silent seconds are a lost gateway, since the last sign of life', () => {
  expect(nextLinkState(live, tick(silenceLimitMs - 1))).toBe(live);
  expect(nextLinkState(live, tick(6_000))).toEqual({ kind: 'lost', sinceMs: 8_994_000 });
});

test('LIV-3: a dropped socket is lost at once, and only a new join brings it back', () => {
  const lost = nextLinkState(live, { kind: 'dropped', wallMs: 1 });
  expect(lost).toEqual({ kind: 'lost', sinceMs: 1 });
  expect(nextLinkState(lost, tick(0))).toBe(lost);
  expect(nextLinkState(lost, { kind: 'dropped', wallMs: 5 })).toBe(lost);
  expect(nextLinkState(lost, { kind: 'joined' })).toEqual(live);
});

test('LIV-1: listeners are told once a display frame, with the latest value; foreign layouts are dropped', () => {
  const tasks: (() => void)[] = [];
  const values = createLiveValues((task) => tasks.push(task));
  const id = 'A' as TagId;
  values.takeLayout({ version: 2, areas: [], tags: [{ index: 5, id, area: 'x' as never }] });
  let calls = 0;
  values.subscribe(id, () => calls++);
  const entry = { tagIndex: 5, value: 1, quality: 0, reason: 0, sourceTimeMs: 1 };
  const frame = { snapshot: false, areaIndex: 0, layoutVersion: 2, timeMs: 1, entries: [entry] };
  for (let value = 1; value <= 50; value++)
    expect(values.apply({ ...frame, entries: [{ ...entry, value }] })).toBe(true);
  expect(tasks).toHaveLength(1);
  tasks[0]?.();
  expect([calls, values.get(id)?.value]).toEqual([1, 50]);
  expect(values.apply({ ...frame, layoutVersion: 3, entries: [{ ...entry, value: 99 }] })).toBe(false);
  expect(values.get(id)?.value).toBe(50);
  values.apply({ ...frame, entries: [{ ...entry, quality: 9 }] });
  expect(values.get(id)?.quality).toBe('bad');
});

test('IDN-5: warns a minute before an idle session ends, and tells the gateway of a person now and then', () => {
  expect(idlenessOf(0, 1_139_000, 1_200_000).kind).toBe('present');
  expect(idlenessOf(0, 1_141_000, 1_200_000)).toEqual({ kind: 'warning', leftMs: 59_000 });
  expect(idlenessOf(0, 1_200_000, 1_200_000).kind).toBe('over');
  expect(idlenessOf(0, 31_000, 60_000).kind).toBe('warning');
  expect(shouldTellPresence(0, 10_000, 1_200_000)).toBe(false);
  expect(shouldTellPresence(0, 30_000, 1_200_000)).toBe(true);
});

test('HMI-1: the tag table searches words anywhere, takes areas with what lies within, and sorts', () => {
  const tags = demoTags(0);
  const areas = demoAreas();
  const all = { search: '', area: '', writableOnly: false, sort: 'id', descending: false } as const;
  expect(chooseTags(tags, areas, { ...all, area: 'site' })).toHaveLength(tags.length);
  expect(chooseTags(tags, areas, { ...all, area: 'utilities' }).every((tag) => tag.area === 'utilities')).toBe(true);
  expect(chooseTags(tags, areas, { ...all, search: 'setpoint temperature' }).map((tag) => tag.id)).toEqual([
    'BR101.TIC.SP',
    'WFI.TIC.SP',
  ]);
  expect(chooseTags(tags, areas, { ...all, writableOnly: true }).every((tag) => tag.setpoint !== null)).toBe(true);
  const down = chooseTags(tags, areas, { ...all, descending: true }).map((tag) => tag.id);
  expect(down).toEqual(
    chooseTags(tags, areas, all)
      .map((tag) => tag.id)
      .reverse(),
  );
});
