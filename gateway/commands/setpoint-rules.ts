// The rules of a setpoint that look beyond it (CMD-2): permissives on other tags and the pace of its changes. Asked by
// asking.ts against the tag store and by gate.ts against the devices themselves; checks.ts has the rules of the value.
import type { Refusal } from '../contract/problem.ts';
import type { PermissiveState } from '../contract/tag.ts';
import type { TagValue } from '../contract/values.ts';
import type { WritableTag } from './checks.ts';
import { checkPace, movesOf, paceSinceMs, type ReadStages } from './pace.ts';
import {
  checkPermissives,
  latestValues,
  permissiveStates,
  readInputs,
  type TagsById,
  type UsableValues,
} from './permissives.ts';
import type { Now, ReadDevice, ReadLatest } from './ports.ts';

export type RulePorts = { readonly now: Now; readonly tags: TagsById; readonly readStages: ReadStages };

/** The change that is judged; `own` is the command's id once it has one. */
export type Change = {
  readonly tag: WritableTag;
  readonly value: TagValue;
  readonly observed: TagValue;
  readonly own: string | null;
};

type Kept = { readonly ok: true; readonly permissives: readonly PermissiveState[] };

/** On what the gateway knows when the command is asked for. Refuses permissive-not-met, command-too-soon, rate-exceeded. */
export function checkRulesAsked(
  ports: RulePorts & { readonly readLatest: ReadLatest },
  change: Change,
): Promise<Kept | Refusal> {
  return check(ports, change, Promise.resolve(latestValues(change.tag, ports.tags, ports.readLatest, ports.now())));
}

/** On fresh reads of every device that a permissive rests on, each bounded by `timeoutMs`. The same refusals. */
export function checkRulesAtDevices(
  ports: RulePorts & { readonly readDevice: ReadDevice },
  change: Change,
  timeoutMs: number,
): Promise<Kept | Refusal> {
  return check(ports, change, readInputs(change.tag, ports.tags, ports.readDevice, timeoutMs, ports.now));
}

async function check(ports: RulePorts, change: Change, reading: Promise<UsableValues>): Promise<Kept | Refusal> {
  const { tag, value, observed, own } = change;
  const sinceMs = paceSinceMs(tag, ports.now());
  const [values, stages] = await Promise.all([reading, sinceMs === null ? [] : ports.readStages(tag.id, sinceMs)]);
  const permissives = permissiveStates(tag, value, ports.tags, values);
  const met = checkPermissives(tag, permissives);
  if (!met.ok) return met;
  const pace = checkPace(tag, value, observed, movesOf(stages), ports.now(), own);
  return pace.ok ? { ok: true, permissives } : pace;
}
