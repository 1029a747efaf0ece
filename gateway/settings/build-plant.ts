// From the checked files to the plant's model: references resolved, addresses parsed by their protocol, what must fit
// together held against each other. Mistakes are collected, never thrown one by one.
import type { z } from 'zod';
import { areaLine } from '../plant/areas.ts';
import { asDeviceHolds } from '../plant/device-value.ts';
import type { Area, Connection, Plant, SetpointRule, SigningPolicy, Tag } from '../plant/tag.ts';
import { type ConfigurationMistake, nearest } from './mistake.ts';
import type { AreasFile, ConnectionsFile, GatewayFile, SigningFile, TagsFile } from './schemas.ts';
import type { LoadedFile, Path } from './yaml-file.ts';

/** What settings must know of a protocol; drivers/registry.ts has it, main.ts passes it on. */
export type ProtocolRules = {
  readonly name: string;
  readonly connectionSchema: z.ZodType;
  readonly addressSchema: z.ZodType;
  readonly endpointOf: (options: unknown) => string;
  readonly deviceAddress: (address: unknown) => string | null;
};

export type Files = {
  readonly gateway: LoadedFile<GatewayFile>;
  readonly areas: LoadedFile<AreasFile>;
  readonly connections: LoadedFile<ConnectionsFile>;
  readonly signing: LoadedFile<SigningFile>;
  readonly tags: LoadedFile<TagsFile>;
};

export function buildPlant(
  files: Files,
  protocols: readonly ProtocolRules[],
): { readonly plant: Plant; readonly mistakes: readonly ConfigurationMistake[] } {
  const mistakes: ConfigurationMistake[] = [];
  const areas = buildAreas(files.areas, mistakes);
  const connections = buildConnections(files.connections, protocols, mistakes);
  const policies = buildPolicies(files.signing, mistakes);
  const tags = buildTags(files.tags, areas, connections, policies, protocols, mistakes);
  const { plant, demo } = files.gateway.value;
  return {
    plant: { name: plant.name, timeZone: plant.timeZone, demo: demo !== undefined, areas, connections, tags },
    mistakes,
  };
}

function buildAreas(file: LoadedFile<AreasFile>, mistakes: ConfigurationMistake[]): readonly Area[] {
  const rows = file.value.areas;
  requireUnique(
    rows.map((row) => row.id),
    (index) => ['areas', index, 'id'],
    file,
    mistakes,
  );
  const areas = rows.map(
    (row): Area => ({ id: row.id, name: row.name, parent: row.parent ?? null, screen: row.screen ?? null }),
  );
  const ids = rows.map((row): string => row.id);
  areas.forEach((area, index) => {
    if (area.parent === null) return;
    const at: Path = ['areas', index, 'parent'];
    if (!ids.includes(area.parent)) mistakes.push(unknownName(file, at, 'area', area.parent, ids));
    else {
      const top = areaLine(areas, area.id).at(-1);
      const topArea = areas.find((candidate) => candidate.id === top);
      if (topArea !== undefined && topArea.parent !== null && ids.includes(topArea.parent))
        mistakes.push(
          file.mistakeAt(at, `The areas run in a circle through "${area.id}".`, 'Give one of them no parent.'),
        );
    }
  });
  return areas;
}

function buildConnections(
  file: LoadedFile<ConnectionsFile>,
  protocols: readonly ProtocolRules[],
  mistakes: ConfigurationMistake[],
): readonly Connection[] {
  const rows = file.value.connections;
  requireUnique(
    rows.map((row) => row.id),
    (index) => ['connections', index, 'id'],
    file,
    mistakes,
  );
  return rows.map((row, index): Connection => {
    const protocol = protocols.find((candidate) => candidate.name === row.protocol);
    const base = { id: row.id, protocol: row.protocol, lostAfterMs: row.lostAfterMs };
    if (protocol === undefined) {
      mistakes.push(
        unknownName(
          file,
          ['connections', index, 'protocol'],
          'protocol',
          row.protocol,
          protocols.map((known) => known.name),
        ),
      );
      return { ...base, endpoint: '', options: row.options };
    }
    const options = protocol.connectionSchema.safeParse(row.options);
    if (!options.success) {
      pushIssues(file, ['connections', index, 'options'], options.error, mistakes);
      return { ...base, endpoint: '', options: row.options };
    }
    return { ...base, endpoint: protocol.endpointOf(options.data), options: options.data };
  });
}

function buildPolicies(
  file: LoadedFile<SigningFile>,
  mistakes: ConfigurationMistake[],
): ReadonlyMap<string, SigningPolicy> {
  const { reasons, policies } = file.value;
  requireUnique(
    reasons.map((reason) => reason.code),
    (index) => ['reasons', index, 'code'],
    file,
    mistakes,
  );
  requireUnique(
    policies.map((policy) => policy.name),
    (index) => ['policies', index, 'name'],
    file,
    mistakes,
  );
  const built = new Map<string, SigningPolicy>();
  policies.forEach((policy, index) => {
    const at: Path = ['policies', index];
    const reasonCodes = policy.reasons.flatMap((code, position) => {
      const reason = reasons.find((candidate) => candidate.code === code);
      if (reason === undefined)
        mistakes.push(
          unknownName(
            file,
            [...at, 'reasons', position],
            'reason',
            code,
            reasons.map((known) => known.code),
          ),
        );
      return reason === undefined ? [] : [reason];
    });
    if (policy.reason === 'required' && policy.reasons.length === 0)
      mistakes.push(
        file.mistakeAt(
          at,
          `The policy "${policy.name}" requires a reason and lists none.`,
          'Add "reasons", or write "reason: optional" with "comment: required".',
        ),
      );
    if (policy.reason === 'optional' && policy.comment !== 'required')
      mistakes.push(
        file.mistakeAt(
          at,
          `The policy "${policy.name}" would let a signature through without any reason.`,
          'Write "reason: required" or "comment: required" (SIG-2).',
        ),
      );
    if (policy.signatures > 1 && policy.countersignMeanings.length === 0)
      mistakes.push(
        file.mistakeAt(
          at,
          `The policy "${policy.name}" wants ${policy.signatures} signatures and names no countersignMeanings.`,
          'Add "countersignMeanings: [verification]".',
        ),
      );
    built.set(policy.name, { ...policy, reasonCodes });
  });
  return built;
}

function buildTags(
  file: LoadedFile<TagsFile>,
  areas: readonly Area[],
  connections: readonly Connection[],
  policies: ReadonlyMap<string, SigningPolicy>,
  protocols: readonly ProtocolRules[],
  mistakes: ConfigurationMistake[],
): readonly Tag[] {
  const rows = file.value.tags;
  requireUnique(
    rows.map((row) => row.id),
    (index) => ['tags', index, 'id'],
    file,
    mistakes,
  );
  const areaIds = new Set<string>(areas.map((area) => area.id));
  const connectionsById = new Map<string, Connection>(connections.map((connection) => [connection.id, connection]));
  const tagIds = new Set<string>(rows.map((row) => row.id));
  const writers = new Map<string, string>();
  return rows.map((row, index): Tag => {
    const at: Path = ['tags', index];
    if (!areaIds.has(row.area)) mistakes.push(unknownName(file, [...at, 'area'], 'area', row.area, [...areaIds]));
    const connection = connectionsById.get(row.connection);
    if (connection === undefined)
      mistakes.push(
        unknownName(file, [...at, 'connection'], 'connection', row.connection, [...connectionsById.keys()]),
      );
    const protocol = protocols.find((candidate) => candidate.name === connection?.protocol);
    let address: unknown = row.address;
    let deviceAddress = `${row.connection}/unresolved/${row.id}`;
    if (protocol !== undefined) {
      const parsed = protocol.addressSchema.safeParse(row.address);
      if (parsed.success) {
        address = parsed.data;
        const place = protocol.deviceAddress(address);
        if (place !== null) deviceAddress = `${row.connection}/${place}`;
        else if (row.setpoint !== undefined)
          mistakes.push(
            file.mistakeAt(
              [...at, 'address'],
              `"${row.id}" has a setpoint, but this address cannot be written.`,
              'Remove "setpoint", or give a writable address.',
            ),
          );
      } else pushIssues(file, [...at, 'address'], parsed.error, mistakes);
    }
    if (row.range !== undefined && row.range.min >= row.range.max)
      mistakes.push(
        file.mistakeAt([...at, 'range'], 'The range is empty: min is not below max.', 'Exchange or correct them.'),
      );
    if (
      row.scaling !== undefined &&
      (row.dataType === 'bool' ||
        row.dataType === 'string' ||
        (row.dataType.endsWith('64') && row.dataType !== 'float64'))
    )
      mistakes.push(file.mistakeAt([...at, 'scaling'], `A ${row.dataType} cannot be scaled.`, 'Remove "scaling".'));
    let setpoint: SetpointRule | null = null;
    if (row.setpoint !== undefined) {
      setpoint = buildSetpoint(file, [...at, 'setpoint'], row, row.setpoint, tagIds, policies, mistakes);
      const other = writers.get(deviceAddress);
      if (other !== undefined)
        mistakes.push(
          file.mistakeAt(
            [...at, 'address'],
            `"${row.id}" would write the same place in the device as "${other}".`,
            'Make one of them read-only (CMD-7).',
          ),
        );
      writers.set(deviceAddress, row.id);
    }
    return {
      index,
      id: row.id,
      area: row.area,
      connection: row.connection,
      description: row.description,
      dataType: row.dataType,
      unit: row.unit,
      decimals: row.decimals,
      states: row.states ?? null,
      range: row.range ?? null,
      scaling: row.scaling ?? null,
      address,
      deviceAddress,
      setpoint,
    };
  });
}

function buildSetpoint(
  file: LoadedFile<TagsFile>,
  at: Path,
  row: TagsFile['tags'][number],
  given: NonNullable<TagsFile['tags'][number]['setpoint']>,
  tagIds: ReadonlySet<string>,
  policies: ReadonlyMap<string, SigningPolicy>,
  mistakes: ConfigurationMistake[],
): SetpointRule | null {
  const policy = policies.get(given.policy);
  if (policy === undefined)
    mistakes.push(unknownName(file, [...at, 'policy'], 'signing policy', given.policy, [...policies.keys()]));
  if (given.follows !== undefined && !tagIds.has(given.follows))
    mistakes.push(unknownName(file, [...at, 'follows'], 'tag', given.follows, [...tagIds]));
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
    policy,
  };
}

function requireUnique(
  names: readonly string[],
  pathOf: (index: number) => Path,
  file: LoadedFile<unknown>,
  mistakes: ConfigurationMistake[],
): void {
  const seen = new Set<string>();
  names.forEach((name, index) => {
    if (seen.has(name))
      mistakes.push(
        file.mistakeAt(pathOf(index), `"${name}" stands here a second time.`, 'Rename or remove one of the two.'),
      );
    seen.add(name);
  });
}

export function unknownName(
  file: LoadedFile<unknown>,
  at: Path,
  kind: string,
  name: string,
  known: readonly string[],
): ConfigurationMistake {
  const near = nearest(name, known);
  const list = known.length <= 12 ? `Known are: ${known.join(', ')}.` : 'Define it first.';
  return file.mistakeAt(at, `There is no ${kind} "${name}".`, near === null ? list : `Did you mean "${near}"?`);
}

function pushIssues(file: LoadedFile<unknown>, at: Path, error: z.ZodError, mistakes: ConfigurationMistake[]): void {
  for (const issue of error.issues) {
    const inner = issue.path.filter((step): step is string | number => typeof step !== 'symbol');
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys)
        mistakes.push(
          file.mistakeAt(
            [...at, ...inner, key],
            `The field "${key}" is not known here.`,
            'Remove it, or see docs for the protocol.',
          ),
        );
    } else {
      const name = inner.at(-1) ?? at.at(-1);
      mistakes.push(
        file.mistakeAt(
          [...at, ...inner],
          `"${String(name)}" is wrong: ${issue.message}.`,
          'See docs for the protocol.',
        ),
      );
    }
  }
}
