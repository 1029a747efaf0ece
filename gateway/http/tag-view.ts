// A tag as the outside sees it: definition, latest value, what a setpoint allows and what its permissives say at present.
// Made for routes/tags.ts; reads memory alone.
import { isWritable, type WritableTag } from '../commands/checks.ts';
import { latestValues, onlyOtherValue, permissiveStates, type TagsById } from '../commands/permissives.ts';
import type { Now, ReadLatest } from '../commands/ports.ts';
import type { TagId } from '../contract/ids.ts';
import type { Latest, TagView, UnresolvedOutcome } from '../contract/tag.ts';
import type { Tag } from '../plant/tag.ts';

export type TagSource = {
  readonly tags: TagsById;
  readonly readLatest: ReadLatest;
  readonly now: Now;
  /** Outcomes of the tag that nobody knows (CMD-6); absent: none are kept. */
  readonly unresolved?: ((tag: TagId) => readonly UnresolvedOutcome[]) | undefined;
};

/** `refusal`: why the caller cannot command the tag's area; null where he can. */
export function tagView(tag: Tag, source: TagSource, refusal: string | null): TagView {
  const latest = source.readLatest(tag);
  const unresolved = source.unresolved?.(tag.id) ?? [];
  return {
    id: tag.id,
    area: tag.area,
    connection: tag.connection,
    description: tag.description,
    dataType: tag.dataType,
    unit: tag.unit,
    decimals: tag.decimals,
    states: tag.states === null ? null : { ...tag.states },
    range: tag.range,
    setpoint: isWritable(tag) ? setpointView(tag, source, latest, refusal) : null,
    latest,
    ...(unresolved.length === 0 ? {} : { unresolved: [...unresolved] }),
  };
}

function setpointView(
  tag: WritableTag,
  { tags, readLatest, now }: TagSource,
  latest: Latest,
  refusal: string | null,
): TagView['setpoint'] {
  const { setpoint } = tag;
  const values = latestValues(tag, tags, readLatest, now());
  return {
    min: setpoint.min,
    max: setpoint.max,
    maxStep: setpoint.maxStep,
    resolution: setpoint.resolution,
    tolerance: setpoint.tolerance,
    consequence: setpoint.consequence,
    signatures: setpoint.policy.signatures,
    follows: setpoint.follows,
    allowed: refusal === null,
    refusal,
    ...(setpoint.policy.breakGlass?.allowed === true ? { breakGlass: true } : {}),
    permissives: [...permissiveStates(tag, onlyOtherValue(tag, latest.value), tags, values)],
    rate: setpoint.rate === null ? null : { max: setpoint.rate.max, withinSeconds: setpoint.rate.withinMs / 1000 },
    minIntervalSeconds: setpoint.minIntervalMs === null ? null : setpoint.minIntervalMs / 1000,
  };
}
