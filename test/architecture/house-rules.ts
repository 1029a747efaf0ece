// The rules of the house as data (docs/architecture.md, "The house"): who may import whom, and what the core may not touch.
// Read by import-directions.ts, which applies them; changed only together with the architecture.

/** Core rooms, lowest first, each with the rooms below it that it may import. Rooms of one level do not see each other. */
export const coreRooms: { readonly [room: string]: readonly string[] } = {
  contract: [],
  plant: ['contract'],
  identity: ['contract', 'plant'],
  signing: ['contract', 'plant', 'identity'],
  commands: ['contract', 'plant', 'identity', 'signing'],
  audit: ['contract', 'plant', 'identity', 'signing'],
  alarms: ['contract', 'plant', 'identity', 'signing'],
};

/** Rooms that do input and output. Each may import core and itself, never another edge. */
export const edgeRooms: readonly string[] = ['drivers', 'live', 'history', 'publish', 'http', 'database', 'settings'];

/** Places of assembly: main.ts, its parts, and the commands. They may import everything in the gateway; only they and tests import them. */
export const assembly = { file: 'gateway/main.ts', rooms: ['cli', 'assembly'] } as const;

/** A file of a core room whose name begins so is an adapter: it may do I/O, and only assembly, tests and its like import it. */
export const adapterName = /^(postgres|file|argon2|node|worker|smtp|ldap|mqtt|http|zxcvbn|pdfkit)-/;

/** The one edge that an adapter of a technology may import: what all of that technology's adapters need. */
export const adapterEdges: { readonly [technology: string]: readonly string[] } = { postgres: ['database'] };

/** Packages that the core may use: schemas, and pure cryptography and judgement. `contract` has its schema library only. */
export const corePackages: readonly string[] = [
  'zod',
  'jose',
  '@simplewebauthn/server',
  '@simplewebauthn/server/helpers',
  'csv-stringify/sync',
  'fflate',
  '@zxcvbn-ts/core',
  '@zxcvbn-ts/language-common',
  '@zxcvbn-ts/language-en',
];
export const contractPackages: readonly string[] = ['zod'];

/** Node's modules that the core may use; where names are given, only those (they are pure). */
export const coreNodeModules: { readonly [module: string]: readonly string[] | 'all' } = {
  'node:crypto': 'all',
  'node:buffer': 'all',
  'node:util': 'all',
  'node:net': ['BlockList', 'SocketAddress', 'isIP', 'isIPv4', 'isIPv6'],
};

/** Clocks, timers, environment and network as globals: the core gets what it needs of them as a function. */
export const globalsForbiddenInCore: readonly RegExp[] = [
  /^Date\.now$/,
  /^new Date\(\)$/,
  /^performance\./,
  /^process\./,
  /^(setTimeout|setInterval|setImmediate)$/,
  /^(fetch|new WebSocket|new EventSource)$/,
  /^console\./,
  /^Math\.random$/,
];

/** Who makes an AuthorisedWrite (SIG-1): this file. Everybody else in the gateway may name the type. */
export const gate = { file: 'gateway/commands/gate.ts', class: 'AuthorisedWrite' } as const;

/** In hmi-web, sockets, requests and stored keys belong to one room. */
export const hmiGatewayClient = {
  room: 'hmi-web/gateway-client/',
  packages: ['socket.io-client'],
  globals: [/^fetch$/, /^new (WebSocket|EventSource|XMLHttpRequest)$/, /^indexedDB\./, /^crypto\.subtle$/],
} as const;
