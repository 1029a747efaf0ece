// From the checked files to the plant's model: references resolved, addresses parsed by their protocol, what must fit
// together held against each other. Mistakes are collected, never thrown one by one.
import type { z } from 'zod';
import { areaLine } from '../plant/areas.ts';
import type { Area, Connection, Plant, SetpointRule, SigningPolicy, Tag } from '../plant/tag.ts';
import type { WritePlace } from '../plant/write-place.ts';
import { buildSetpoint } from './build-setpoint.ts';
import { pushIssues, requireUnique } from './file-mistakes.ts';
import type { ConfigurationMistake } from './mistake.ts';
import type { AreasFile, ConnectionsFile, GatewayFile, SigningFile, TagsFile } from './schemas.ts';
import { checkSharedPlaces, type Writer } from './shared-places.ts';
import { unknownName } from './unknown-name.ts';
import type { LoadedFile, Path } from './yaml-file.ts';

/** What settings must know of a protocol; drivers/registry.ts has it, main.ts passes it on. */
export type ProtocolRules = {
  readonly name: string;
  readonly connectionSchema: z.ZodType;
  readonly addressSchema: z.ZodType;
  readonly endpointOf: (options: unknown) => string;
  readonly deviceAddress: (address: unknown) => string | null;
  /** Of a connection's parsed options and a parsed address; null where it cannot be written. */
  readonly writePlace: (options: unknown, address: unknown) => WritePlace | null;
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
    if (policy.breakGlass?.allowed === true && policy.signatures === 1)
      mistakes.push(
        file.mistakeAt(
          [...at, 'breakGlass'],
          `The policy "${policy.name}" needs one signature only, so there is nothing for break-glass to leave out.`,
          'Remove "breakGlass", or raise "signatures" (CMD-13).',
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
  const rowsById = new Map<string, TagsFile['tags'][number]>(rows.map((row) => [row.id, row]));
  const writers: Writer[] = [];
  const tags = rows.map((row, index): Tag => {
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
        const spot = isUsable(protocol, connection) ? protocol.writePlace(connection?.options, address) : null;
        if (row.setpoint !== undefined && spot !== null) writers.push({ order: index, id: row.id, place: spot });
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
      setpoint = buildSetpoint(file, [...at, 'setpoint'], row, row.setpoint, rowsById, policies, mistakes);
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
  checkSharedPlaces(file, writers, mistakes);
  return tags;
}

/** Options that did not parse name no device. */
function isUsable(protocol: ProtocolRules, connection: Connection | undefined): boolean {
  return connection !== undefined && protocol.connectionSchema.safeParse(connection.options).success;
}
