// From a tag's `setpoint` in tags.yaml to its rule: limits that the device can hold, a policy that exists, conditions
// that compile. Called by build-plant.ts for each writable tag; mistakes are pushed, never thrown.
import { asDeviceHolds } from '../plant/device-value.ts';
import type { SetpointRule, SigningPolicy } from '../plant/tag.ts';
import { buildConfirmation, buildMovedByPlant, buildPermissives } from './build-conditions.ts';
import type { ConfigurationMistake } from './mistake.ts';
import type { TagsFile } from './schemas.ts';
import { unknownName } from './unknown-name.ts';
import type { LoadedFile, Path } from './yaml-file.ts';

type Row = TagsFile['tags'][number];
type Given = NonNullable<Row['setpoint']>;

/** Null where the mistakes leave no rule; they are pushed. `rows` are all tags of the file, by id. */
export function buildSetpoint(
  file: LoadedFile<TagsFile>,
  at: Path,
  row: Row,
  given: Given,
  rows: ReadonlyMap<string, Row>,
  policies: ReadonlyMap<string, SigningPolicy>,
  mistakes: ConfigurationMistake[],
): SetpointRule | null {
  const policy = policies.get(given.policy);
  if (policy === undefined)
    mistakes.push(unknownName(file, [...at, 'policy'], 'signing policy', given.policy, [...policies.keys()]));
  if (given.follows !== undefined && !rows.has(given.follows))
    mistakes.push(unknownName(file, [...at, 'follows'], 'tag', given.follows, [...rows.keys()]));
  const numeric = row.dataType !== 'bool' && row.dataType !== 'string';
  if (numeric && (given.min === undefined || given.max === undefined))
    mistakes.push(
      file.mistakeAt(at, `The setpoint "${row.id}" has no limits.`, 'Give "min" and "max" in engineering units.'),
    );
  if (!numeric && (given.min ?? given.max ?? given.maxStep ?? given.resolution) !== undefined)
    mistakes.push(
      file.mistakeAt(
        at,
        `A ${row.dataType} has no limits, step or resolution.`,
        'Remove min, max, maxStep and resolution.',
      ),
    );
  if (given.min !== undefined && given.max !== undefined) {
    if (given.min >= given.max)
      mistakes.push(
        file.mistakeAt([...at, 'max'], 'The limits leave nothing: min is not below max.', 'Exchange or correct them.'),
      );
    for (const limit of [given.min, given.max]) {
      const held = asDeviceHolds(
        { dataType: row.dataType, scaling: row.scaling ?? null },
        row.dataType.endsWith('int64') ? String(limit) : limit,
      );
      if (!held.ok)
        mistakes.push(
          file.mistakeAt(
            at,
            `The device cannot hold the limit ${limit}: ${held.detail}`,
            'Correct the limit, the data type or the scaling.',
          ),
        );
    }
  }
  if (given.resolution !== undefined && given.tolerance > given.resolution / 2 + 1e-9)
    mistakes.push(
      file.mistakeAt(
        [...at, 'tolerance'],
        'The tolerance is larger than half the resolution, so a neighbouring value would count as confirmed.',
        `Write at most ${given.resolution / 2}.`,
      ),
    );
  const permissives = buildPermissives(file, [...at, 'permissives'], row, given, rows, mistakes);
  const confirm = buildConfirmation(file, [...at, 'confirm'], row, given, rows, mistakes);
  const movedByPlantWhen = buildMovedByPlant(file, [...at, 'unattributed', 'exceptWhen'], given, rows, mistakes);
  checkPace(file, at, row, given, mistakes);
  if (policy === undefined) return null;
  return {
    min: given.min ?? null,
    max: given.max ?? null,
    maxStep: given.maxStep ?? null,
    resolution: given.resolution ?? null,
    tolerance: given.tolerance,
    settleMs: given.settleMs,
    confirmWithinMs: given.confirmWithinMs,
    freshnessMs: given.freshnessMs,
    consequence: given.consequence,
    follows: given.follows ?? null,
    permissives,
    rate: given.rate === undefined ? null : { max: given.rate.max, withinMs: given.rate.withinSeconds * 1000 },
    minIntervalMs: given.minIntervalSeconds === undefined ? null : given.minIntervalSeconds * 1000,
    confirm,
    ...(movedByPlantWhen === null ? {} : { movedByPlantWhen }),
    policy,
  };
}

/** The rate limit makes sense beside the other limits (CMD-2). */
function checkPace(
  file: LoadedFile<TagsFile>,
  at: Path,
  row: Row,
  { rate, maxStep }: Given,
  mistakes: ConfigurationMistake[],
): void {
  if (rate === undefined) return;
  if (row.dataType === 'bool' || row.dataType === 'string')
    mistakes.push(
      file.mistakeAt(
        [...at, 'rate'],
        `A ${row.dataType} has no rate of change.`,
        'Write "minIntervalSeconds" instead.',
      ),
    );
  else if (maxStep !== undefined && rate.max < maxStep)
    mistakes.push(
      file.mistakeAt(
        [...at, 'rate', 'max'],
        `One step may be ${maxStep}, but the rate allows only ${rate.max} in ${rate.withinSeconds} s.`,
        'Make "rate.max" at least "maxStep".',
      ),
    );
}
