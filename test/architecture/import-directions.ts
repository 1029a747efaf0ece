// Applies the house's rules (house-rules.ts) to source files and names each place that breaks one.
// Called by check-imports.ts (`npm run check`) and by its test. Pure: it is given the sources.
import * as rules from './house-rules.ts';
import type { Import, Source } from './read-source.ts';

/** `rule` is a stable short name; the test proves that each can be broken. */
export type Violation = { readonly rule: Rule; readonly path: string; readonly line: number; readonly text: string };
export type Rule =
  | 'core-downward'
  | 'core-imports-no-edge'
  | 'core-no-io'
  | 'contract-alone'
  | 'edge-imports-edge'
  | 'protocols-apart'
  | 'adapter-only-from-assembly'
  | 'assembly-at-the-top'
  | 'gateway-alone'
  | 'simulators-apart'
  | 'hmi-only-contract'
  | 'hmi-one-client'
  | 'one-gate'
  | 'own-imports-end-in-ts';

/** What a file is in the house; null for what no rule binds (tests, scripts, configuration files). */
type Place =
  | { readonly kind: 'core'; readonly room: string; readonly adapter: string | null }
  | { readonly kind: 'edge'; readonly room: string }
  | { readonly kind: 'assembly' }
  | { readonly kind: 'hmi' }
  | { readonly kind: 'simulator' };

/** Every violation in the given files, in their order. Throws for a gateway file that lies in no known room. */
export function violations(sources: readonly Source[]): readonly Violation[] {
  return sources.flatMap((source) => {
    const place = placeOf(source.path);
    if (place === null) return [];
    const found = source.imports.flatMap((one) => judgeImport(source, place, one));
    return [...found, ...judgeGlobals(source, place), ...judgeGate(source)];
  });
}

function judgeImport(source: Source, place: Place, one: Import): readonly Violation[] {
  const found: Violation[] = [];
  const breaks = (rule: Rule, text: string): void => void found.push({ rule, path: source.path, line: one.line, text });
  if (!one.relative) {
    judgePackage(place, source, one, breaks);
    return found;
  }
  const isAsset = /\.(css|svg|png|woff2|json)(\?[a-z]+)?$/.test(one.target);
  if (!/\.tsx?$/.test(one.target) && !isAsset) breaks('own-imports-end-in-ts', `imports ${one.target}`);
  judgeOwn(place, source, one, breaks);
  return found;
}

function judgeOwn(place: Place, source: Source, one: Import, breaks: (rule: Rule, text: string) => void): void {
  const target = placeOf(one.target);
  const text = `imports ${one.target}`;
  if (place.kind === 'simulator') {
    if (!one.target.startsWith('simulators/')) breaks('simulators-apart', text);
    return;
  }
  if (place.kind === 'hmi') {
    const allowed = one.target.startsWith('hmi-web/') || one.target.startsWith('gateway/contract/');
    if (!allowed) breaks('hmi-only-contract', text);
    return;
  }
  if (target === null || target.kind === 'simulator' || target.kind === 'hmi') {
    if (one.target !== 'package.json') breaks('gateway-alone', text);
    return;
  }
  if (place.kind === 'assembly') return;
  if (target.kind === 'assembly') {
    breaks('assembly-at-the-top', text);
    return;
  }
  if (target.kind === 'core' && target.adapter !== null) judgeAdapter(place, target, text, breaks);
  if (place.kind === 'core') {
    if (target.kind === 'edge') {
      const permitted = place.adapter === null ? [] : (rules.adapterEdges[place.adapter] ?? []);
      if (!permitted.includes(target.room)) breaks('core-imports-no-edge', text);
    }
    // An adapter stands outside the core's order: it may know any core room.
    else if (place.adapter === null && target.room !== place.room && !below(place.room).includes(target.room))
      breaks(place.room === 'contract' ? 'contract-alone' : 'core-downward', text);
    return;
  }
  if (target.kind !== 'edge') return;
  if (target.room !== place.room) breaks('edge-imports-edge', text);
  else if (place.room === 'drivers' && protocolOf(source.path) !== null && differentProtocol(source.path, one.target))
    breaks('protocols-apart', text);
}

function judgeAdapter(
  place: Extract<Place, { kind: 'core' | 'edge' }>,
  target: Extract<Place, { kind: 'core' }>,
  text: string,
  breaks: (rule: Rule, text: string) => void,
): void {
  const alike = place.kind === 'core' && place.adapter !== null;
  if (!alike || (place.room !== target.room && place.adapter !== target.adapter))
    breaks('adapter-only-from-assembly', text);
}

function judgePackage(place: Place, source: Source, one: Import, breaks: (rule: Rule, text: string) => void): void {
  const text = `imports ${one.target}`;
  if (place.kind === 'hmi') {
    const owned: readonly string[] = rules.hmiGatewayClient.packages;
    if (owned.includes(one.target) && !source.path.startsWith(rules.hmiGatewayClient.room))
      breaks('hmi-one-client', text);
    if (one.target.startsWith('node:')) breaks('hmi-only-contract', text);
    return;
  }
  if (place.kind !== 'core' || place.adapter !== null) return;
  if (place.room === 'contract') {
    if (!rules.contractPackages.includes(one.target)) breaks('contract-alone', text);
    return;
  }
  if (rules.corePackages.includes(one.target)) return;
  const allowed = rules.coreNodeModules[one.target];
  const pure = allowed === 'all' || (allowed !== undefined && one.names.every((name) => allowed.includes(name)));
  if (!pure) breaks('core-no-io', allowed === undefined ? text : `${text} (${one.names.join(', ')})`);
}

function judgeGlobals(source: Source, place: Place): readonly Violation[] {
  const pick = (rule: Rule, forbidden: readonly RegExp[]): readonly Violation[] =>
    source.globals
      .filter((use) => forbidden.some((pattern) => pattern.test(use.name)))
      .map((use) => ({ rule, path: source.path, line: use.line, text: `uses ${use.name}` }));
  if (place.kind === 'core' && place.adapter === null)
    return pick(place.room === 'contract' ? 'contract-alone' : 'core-no-io', rules.globalsForbiddenInCore);
  if (place.kind === 'hmi' && !source.path.startsWith(rules.hmiGatewayClient.room))
    return pick('hmi-one-client', rules.hmiGatewayClient.globals);
  return [];
}

function judgeGate(source: Source): readonly Violation[] {
  if (source.path === rules.gate.file || !source.path.startsWith('gateway/')) return [];
  const made = source.constructed
    .filter((use) => use.name === rules.gate.class)
    .map((use) => ({ line: use.line, text: `makes or extends ${rules.gate.class}` }));
  const held = source.imports
    .filter((one) => one.target === rules.gate.file && !one.typeOnly)
    .filter((one) => one.names.some((name) => name === rules.gate.class || name === '*'))
    .map((one) => ({ line: one.line, text: `imports ${rules.gate.class} as a value, not as a type` }));
  return [...made, ...held].map((one) => ({ rule: 'one-gate', path: source.path, ...one }));
}

function placeOf(path: string): Place | null {
  if (path.startsWith('hmi-web/')) return /\/vite\.config\.ts$/.test(path) ? null : { kind: 'hmi' };
  if (path.startsWith('simulators/')) return { kind: 'simulator' };
  if (!path.startsWith('gateway/')) return null;
  if (path === rules.assembly.file) return { kind: 'assembly' };
  const [, room = '', ...rest] = path.split('/');
  if (rules.assembly.rooms.some((one) => one === room)) return { kind: 'assembly' };
  if (rules.edgeRooms.includes(room)) return { kind: 'edge', room };
  if (!Object.hasOwn(rules.coreRooms, room)) throw new Error(`${path} lies in no room that house-rules.ts knows.`);
  const technology = rules.adapterName.exec(rest.at(-1) ?? '');
  return { kind: 'core', room, adapter: technology?.[1] ?? null };
}

function below(room: string): readonly string[] {
  return rules.coreRooms[room] ?? [];
}

/** `opcua` for gateway/drivers/opcua/…; null for what all protocols share, which may name each (registry.ts). */
function protocolOf(path: string): string | null {
  const [, , folder = '', file] = path.split('/');
  return file === undefined ? null : folder;
}

function differentProtocol(path: string, target: string): boolean {
  const other = protocolOf(target);
  return other !== null && other !== protocolOf(path);
}
