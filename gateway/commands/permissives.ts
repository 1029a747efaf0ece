// Permissives of a setpoint (CMD-2), pure but for the reads: judged on the tag store when a command is asked for or a
// dialog is opened, and by gate.ts on fresh reads of the devices right before the write. What cannot be judged is not met.
import type { TagId } from '../contract/ids.ts';
import { type Refusal, refuse } from '../contract/problem.ts';
import type { Latest, PermissiveState } from '../contract/tag.ts';
import type { TagValue } from '../contract/values.ts';
import { askedValueName, type Permissive } from '../plant/condition.ts';
import type { DeviceReading } from '../plant/sample.ts';
import type { Tag } from '../plant/tag.ts';
import type { WritableTag } from './checks.ts';
import type { Now, ReadDevice, ReadLatest } from './ports.ts';
import { inWords } from './value-text.ts';

/** A tag's value as a condition may use it: good and fresh, or why there is none. */
export type UsableValue =
  | { readonly ok: true; readonly value: NonNullable<TagValue> }
  | { readonly ok: false; readonly why: string };
/** By tag; undefined for a tag that nobody read. */
export type UsableValues = (tag: TagId) => UsableValue | undefined;
export type TagsById = ReadonlyMap<TagId, Tag>;

/** Good, not null, and vouched for within `withinMs` of `nowMs`. */
export function usableLatest(latest: Latest, nowMs: number, withinMs: number): UsableValue {
  if (latest.quality !== 'good' || latest.value === null)
    return { ok: false, why: `${latest.quality} (${latest.reason})` };
  const vouchedAtMs = latest.vouchedAt === null ? Number.NaN : Date.parse(latest.vouchedAt);
  // Written so that an unreadable time counts as stale.
  if (!(nowMs - vouchedAtMs <= withinMs)) return { ok: false, why: `not confirmed within ${withinMs / 1000} s` };
  return { ok: true, value: latest.value };
}

/** What a fresh read of the device gives; an answer for another tag, or older than `withinMs`, is none. */
export function usableReading(tag: Tag, reading: DeviceReading, nowMs: number, withinMs: number): UsableValue {
  if (!reading.ok) return { ok: false, why: reading.detail };
  const { sample } = reading;
  if (sample.index !== tag.index) return { ok: false, why: 'the device answered for another tag' };
  if (sample.quality !== 'good' || sample.value === null)
    return { ok: false, why: `${sample.quality} (${sample.reason})` };
  if (!(nowMs - reading.readAtMs <= withinMs)) return { ok: false, why: 'the read is too old' };
  return { ok: true, value: sample.value };
}

/** The tag store's values for a setpoint's permissives. */
export function latestValues(tag: WritableTag, tags: TagsById, readLatest: ReadLatest, nowMs: number): UsableValues {
  return (id) => {
    const source = tags.get(id);
    return source === undefined ? undefined : usableLatest(readLatest(source), nowMs, tag.setpoint.freshnessMs);
  };
}

/** Reads every tag of the setpoint's permissives from its device, each once, side by side. */
export async function readInputs(
  tag: WritableTag,
  tags: TagsById,
  readDevice: ReadDevice,
  timeoutMs: number,
  now: Now,
): Promise<UsableValues> {
  const ids = new Set(tag.setpoint.permissives.flatMap(({ reads }) => reads.map((input) => input.tag)));
  const found = new Map<TagId, UsableValue>();
  await Promise.all(
    [...ids].map(async (id) => {
      const source = tags.get(id);
      if (source === undefined) return;
      const reading = await readDevice(source, timeoutMs);
      found.set(id, usableReading(source, reading, now(), tag.setpoint.freshnessMs));
    }),
  );
  return (id) => found.get(id);
}

/**
 * Each permissive with what it rests on. `asked` is the value asked for; undefined while nobody has asked: then a
 * permissive that hangs on it is null, as is one that hangs on a tag without a usable value.
 */
export function permissiveStates(
  tag: WritableTag,
  asked: TagValue | undefined,
  tags: TagsById,
  values: UsableValues,
): readonly PermissiveState[] {
  return tag.setpoint.permissives.map((permissive) => ({
    name: permissive.name,
    met: judge(permissive, asked, values),
    present: permissive.reads.map((input) => shown(tags.get(input.tag), input.tag, values(input.tag))).join('; '),
    remedy: permissive.remedy,
  }));
}

/** What a boolean setpoint would be changed to; for others nobody knows before it is typed. */
export function onlyOtherValue(tag: Tag, present: TagValue): TagValue | undefined {
  return tag.dataType === 'bool' && typeof present === 'boolean' ? !present : undefined;
}

/** Refuses permissive-not-met, naming every one that is not met with the values it rests on. */
export function checkPermissives(tag: Tag, states: readonly PermissiveState[]): { readonly ok: true } | Refusal {
  const unmet = states.filter(({ met }) => met !== true);
  if (unmet.length === 0) return { ok: true };
  const each = unmet.map(({ name, met, present, remedy }) => {
    const how = met === null ? 'cannot be judged' : 'is not met';
    return `“${name}” ${how} (${present}).${remedy === '' ? '' : ` ${remedy}`}`;
  });
  return refuse('permissive-not-met', `${tag.id} may not be changed now: ${each.join(' ')}`);
}

function judge({ reads, when, test }: Permissive, asked: TagValue | undefined, values: UsableValues): boolean | null {
  const usable = new Map<string, TagValue>();
  for (const { name, tag } of reads) {
    const value = values(tag);
    if (value?.ok === true) usable.set(name, value.value);
  }
  // Without an expression the quality itself is the condition, and that is known.
  if (when === null) return test(usable);
  if (asked !== undefined && asked !== null) usable.set(askedValueName, asked);
  try {
    return test(usable);
  } catch {
    // No answer is an answer here: not met. Why, is in the values shown beside it.
    return null;
  }
}

function shown(tag: Tag | undefined, id: TagId, value: UsableValue | undefined): string {
  if (tag === undefined || value === undefined) return `${id}: not read`;
  return value.ok ? `${id}: ${inWords(tag, value.value)}` : `${id}: ${value.why}`;
}
