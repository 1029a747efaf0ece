// Reads the configuration folder once, at start, and checks all of it (OPS-2). Called by main.ts and `countersign check`.
// What it returns is complete and consistent; anything else is a ConfigurationError with every mistake found.
import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson, type Json } from '../contract/canonical.ts';
import type { Group } from '../plant/access.ts';
import type { Plant } from '../plant/tag.ts';
import { relyingPartyOf } from '../signing/relying-party.ts';
import { buildPlant, type Files, type ProtocolRules } from './build-plant.ts';
import { buildCheckpoints, type CheckpointSettings } from './checkpoints.ts';
import { buildForwarding, type ForwardingSettings } from './forwarding.ts';
import { buildMessages, type MessageSettings, messagesFileSchema, noMessages } from './messages.ts';
import { ConfigurationError, type ConfigurationMistake } from './mistake.ts';
import { buildReview, type ReviewSettings } from './review.ts';
import {
  areasFileSchema,
  connectionsFileSchema,
  type GatewayFile,
  gatewayFileSchema,
  signingFileSchema,
  tagsFileSchema,
} from './schemas.ts';
import { unknownName } from './unknown-name.ts';
import { buildVerification, type VerificationSettings } from './verification.ts';
import { loadYaml } from './yaml-file.ts';

export type Settings = {
  readonly folder: string;
  readonly plant: Plant;
  readonly groups: readonly Group[];
  readonly http: { readonly host: string; readonly port: number; readonly origins: readonly string[] };
  readonly sessions: GatewayFile['sessions'];
  readonly passwords: GatewayFile['passwords'];
  readonly lockout: GatewayFile['lockout'];
  readonly demoAccounts: NonNullable<GatewayFile['demo']>['accounts'];
  readonly forwarding: readonly ForwardingSettings[];
  readonly checkpoints: CheckpointSettings;
  readonly messages: MessageSettings;
  readonly review: ReviewSettings;
  readonly verification: VerificationSettings;
  /** Days, by class of record. */
  readonly retention: { readonly commands: number; readonly access: number; readonly operation: number };
  /** Screen name → file. */
  readonly screens: ReadonlyMap<string, string>;
  /** The whole of it as resolved, for the record, and its base64url SHA-256 over the RFC 8785 bytes. */
  readonly resolved: Json;
  readonly digest: string;
};

/** Throws ConfigurationError with every mistake that could be found. */
export function loadSettings(
  folder: string,
  protocols: readonly ProtocolRules[],
  environment: NodeJS.ProcessEnv,
): Settings {
  if (!existsSync(folder) || !statSync(folder).isDirectory())
    throw new ConfigurationError(folder, [
      { file: '.', line: 1, column: 1, what: 'There is no such folder.', remedy: 'Name the folder with --config.' },
    ]);
  const results = {
    gateway: loadYaml(folder, 'gateway.yaml', gatewayFileSchema, environment),
    areas: loadYaml(folder, 'areas.yaml', areasFileSchema, environment),
    connections: loadYaml(folder, 'connections.yaml', connectionsFileSchema, environment),
    signing: loadYaml(folder, 'signing.yaml', signingFileSchema, environment),
    tags: loadYaml(folder, 'tags.yaml', tagsFileSchema, environment),
  };
  const { gateway, areas, connections, signing, tags } = results;
  const messagesFile = existsSync(join(folder, 'messages.yaml'))
    ? loadYaml(folder, 'messages.yaml', messagesFileSchema, environment)
    : null;
  if (!gateway.ok || !areas.ok || !connections.ok || !signing.ok || !tags.ok || messagesFile?.ok === false)
    throw new ConfigurationError(
      folder,
      [...Object.values(results), messagesFile].flatMap((result) => (result?.ok === false ? result.mistakes : [])),
    );
  const files: Files = {
    gateway: gateway.file,
    areas: areas.file,
    connections: connections.file,
    signing: signing.file,
    tags: tags.file,
  };
  const built = buildPlant(files, protocols);
  const mistakes: ConfigurationMistake[] = [...built.mistakes];
  const screens = findScreens(folder, files, mistakes);
  checkGroups(files, mistakes);
  checkDemo(files, mistakes);
  checkPasskeys(files, mistakes);
  const forwarding = buildForwarding(folder, files.gateway, environment, mistakes);
  const checkpoints = buildCheckpoints(files.gateway, forwarding, mistakes);
  const messages = messagesFile === null ? noMessages : buildMessages(messagesFile.file, mistakes);
  if (mistakes.length > 0) throw new ConfigurationError(folder, mistakes);
  const file = files.gateway.value;
  const resolved: Json = JSON.parse(
    JSON.stringify({
      gateway: file,
      areas: files.areas.value,
      connections: files.connections.value,
      signing: files.signing.value,
      tags: files.tags.value,
      ...(messagesFile === null ? {} : { messages: messagesFile.file.value }),
    }),
  );
  return {
    folder,
    plant: built.plant,
    groups: file.groups,
    http: {
      host: file.http.host,
      port: file.http.port,
      origins: (file.http.origins ?? []).map((origin) => new URL(origin).origin),
    },
    sessions: file.sessions,
    passwords: file.passwords,
    lockout: file.lockout,
    demoAccounts: file.demo?.accounts ?? [],
    forwarding,
    checkpoints,
    messages,
    review: buildReview(file.review),
    verification: buildVerification(file.verification),
    retention: {
      commands: file.retention.commandsDays,
      access: file.retention.accessDays,
      operation: file.retention.operationDays,
    },
    screens,
    resolved,
    digest: createHash('sha256').update(canonicalJson(resolved)).digest('base64url'),
  };
}

/** SIG-7: a policy that asks for passkeys, at an address where browsers refuse them, would let nobody sign. */
function checkPasskeys({ gateway, signing }: Files, mistakes: ConfigurationMistake[]): void {
  const { origins } = gateway.value.http;
  // Without any the gateway is reached at localhost.
  if (origins === undefined || origins.length === 0 || relyingPartyOf(origins) !== null) return;
  signing.value.policies.forEach((policy, index) => {
    if (policy.components === undefined || policy.components === 'password') return;
    mistakes.push(
      signing.mistakeAt(
        ['policies', index, 'components'],
        `The policy "${policy.name}" asks for passkeys, and browsers refuse them at every address in gateway.yaml.`,
        'Add an origin with https and a host name to "http.origins" in gateway.yaml, or write "components: password".',
      ),
    );
  });
}

function findScreens(folder: string, files: Files, mistakes: ConfigurationMistake[]): ReadonlyMap<string, string> {
  const screens = new Map<string, string>();
  files.areas.value.areas.forEach((area, index) => {
    if (area.screen === undefined) return;
    const path = join(folder, 'screens', `${area.screen}.svg`);
    if (existsSync(path)) screens.set(area.screen, path);
    else
      mistakes.push(
        files.areas.mistakeAt(
          ['areas', index, 'screen'],
          `There is no file screens/${area.screen}.svg.`,
          'Put it there, or remove "screen".',
        ),
      );
  });
  return screens;
}

function checkGroups(files: Files, mistakes: ConfigurationMistake[]): void {
  const file = files.gateway;
  const areaIds = files.areas.value.areas.map((area): string => area.id);
  const groupIds = file.value.groups.map((group) => group.id);
  file.value.groups.forEach((group, index) => {
    if (groupIds.indexOf(group.id) !== index)
      mistakes.push(
        file.mistakeAt(
          ['groups', index, 'id'],
          `"${group.id}" stands here a second time.`,
          'Rename or remove one of the two.',
        ),
      );
    group.grants.forEach((grant, position) => {
      if (!areaIds.includes(grant.area))
        mistakes.push(unknownName(file, ['groups', index, 'grants', position, 'area'], 'area', grant.area, areaIds));
    });
    const allowed = group.grants.flatMap((grant) => grant.allow);
    if (allowed.includes('administer') && (allowed.includes('command') || allowed.includes('verify')))
      mistakes.push(
        file.mistakeAt(
          ['groups', index],
          `The group "${group.id}" may administer and also sign process commands.`,
          'Make two groups of it (IDN-6).',
        ),
      );
  });
  file.value.demo?.accounts.forEach((account, index) => {
    account.groups.forEach((group, position) => {
      if (!groupIds.includes(group))
        mistakes.push(unknownName(file, ['demo', 'accounts', index, 'groups', position], 'group', group, groupIds));
    });
  });
}

const loopbackHosts = ['127.0.0.1', '::1', 'localhost'];

/** OPS-8: the demo is harmless. It listens on loopback and talks to loopback equipment only. */
function checkDemo(files: Files, mistakes: ConfigurationMistake[]): void {
  if (files.gateway.value.demo === undefined) return;
  if (!loopbackHosts.includes(files.gateway.value.http.host))
    mistakes.push(
      files.gateway.mistakeAt(
        ['http', 'host'],
        'The demo listens on loopback only.',
        'Write 127.0.0.1, or remove "demo".',
      ),
    );
  files.connections.value.connections.forEach((connection, index) => {
    const endpoint = connection.options.endpoint;
    const host = typeof endpoint === 'string' ? hostOf(endpoint) : null;
    if (host === null || !loopbackHosts.includes(host))
      mistakes.push(
        files.connections.mistakeAt(
          ['connections', index, 'options', 'endpoint'],
          `The demo talks to equipment on loopback only, not to "${String(endpoint)}".`,
          'Name 127.0.0.1, or remove "demo".',
        ),
      );
  });
}

function hostOf(endpoint: string): string | null {
  const match = /^[a-z.]+:\/\/(?:\[([^\]]+)\]|([^:/[\]]+))(?::[0-9]{1,5})?(?:\/|$)/.exec(endpoint);
  return match === null ? null : (match[1] ?? match[2] ?? null);
}
