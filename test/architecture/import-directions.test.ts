// The product keeps the directions of its imports, and each rule is able to fail: a fixture for every one of them.
import { describe, expect, it } from 'vitest';
import { type Rule, violations } from './import-directions.ts';
import { productSources } from './project-files.ts';
import { readSource } from './read-source.ts';

function rulesBroken(path: string, text: string): readonly Rule[] {
  return violations([readSource(path, text)]).map((one) => one.rule);
}

const broken: readonly (readonly [Rule, string, string])[] = [
  ['core-downward', 'gateway/plant/x.ts', `import { a } from '../commands/ports.ts';`],
  ['core-downward', 'gateway/plant/x.ts', `import type { A } from '../identity/ports.ts';`],
  ['core-downward', 'gateway/identity/x.ts', `export { a } from '../signing/a.ts';`],
  ['core-downward', 'gateway/audit/x.ts', `export * from '../commands/a.ts';`],
  ['core-downward', 'gateway/commands/x.ts', `const a = await import('../audit/merkle.ts');`],
  ['core-downward', 'gateway/signing/x.ts', `export type A = import('../commands/ports.ts').Caller;`],
  ['core-imports-no-edge', 'gateway/commands/x.ts', `import type { TagStore } from '../live/tag-store.ts';`],
  ['core-imports-no-edge', 'gateway/audit/postgres-log.ts', `import { pool } from '../http/application.ts';`],
  ['core-imports-no-edge', 'gateway/audit/file-keys.ts', `import { pool } from '../database/connection.ts';`],
  ['core-imports-no-edge', 'gateway/audit/x.ts', `import { pool } from '../database/connection.ts';`],
  ['core-no-io', 'gateway/audit/x.ts', `import { readFileSync } from 'node:fs';`],
  ['core-no-io', 'gateway/audit/x.ts', `import pg from 'pg';`],
  ['core-no-io', 'gateway/commands/x.ts', `import { fastify } from 'fastify';`],
  ['core-no-io', 'gateway/identity/x.ts', `import { createServer } from 'node:net';`],
  ['core-no-io', 'gateway/identity/x.ts', `import * as net from 'node:net';`],
  ['core-no-io', 'gateway/identity/x.ts', `export const a = Date.now();`],
  ['core-no-io', 'gateway/identity/x.ts', `export const a = new Date();`],
  ['core-no-io', 'gateway/identity/x.ts', `export const a = process.env.HOME;`],
  ['core-no-io', 'gateway/commands/x.ts', `setTimeout(() => {}, 1);`],
  ['contract-alone', 'gateway/contract/x.ts', `import { a } from '../plant/tag.ts';`],
  ['contract-alone', 'gateway/contract/x.ts', `import { createHash } from 'node:crypto';`],
  ['contract-alone', 'gateway/contract/x.ts', `export const a = Math.random();`],
  ['edge-imports-edge', 'gateway/http/x.ts', `import type { A } from '../live/tag-store.ts';`],
  ['edge-imports-edge', 'gateway/live/x.ts', `import { a } from '../drivers/supervisor.ts';`],
  ['protocols-apart', 'gateway/drivers/opcua/x.ts', `import { a } from '../modbus/codec.ts';`],
  ['adapter-only-from-assembly', 'gateway/http/x.ts', `import { a } from '../audit/postgres-log.ts';`],
  ['adapter-only-from-assembly', 'gateway/audit/x.ts', `import { a } from './postgres-log.ts';`],
  ['adapter-only-from-assembly', 'gateway/identity/file-keys.ts', `import { a } from '../audit/postgres-log.ts';`],
  ['assembly-at-the-top', 'gateway/http/x.ts', `import { a } from '../main.ts';`],
  ['assembly-at-the-top', 'gateway/audit/x.ts', `import { a } from '../cli/start.ts';`],
  ['assembly-at-the-top', 'gateway/http/x.ts', `import { a } from '../assembly/people.ts';`],
  ['gateway-alone', 'gateway/cli/x.ts', `import { a } from '../../simulators/main.ts';`],
  ['gateway-alone', 'gateway/main.ts', `import { a } from '../test/support/database.ts';`],
  ['simulators-apart', 'simulators/plant/x.ts', `import type { A } from '../../gateway/contract/ids.ts';`],
  ['hmi-only-contract', 'hmi-web/pages/x.tsx', `import type { Tag } from '../../gateway/plant/tag.ts';`],
  ['hmi-only-contract', 'hmi-web/model/x.ts', `import { join } from 'node:path';`],
  ['hmi-one-client', 'hmi-web/pages/x.tsx', `const a = await fetch('/api/v1/tags');`],
  ['hmi-one-client', 'hmi-web/model/x.ts', `import { io } from 'socket.io-client';`],
  ['hmi-one-client', 'hmi-web/pages/x.tsx', `const key = await crypto.subtle.generateKey('x', false, []);`],
  ['one-gate', 'gateway/main.ts', `import type { A } from './cli/a.ts'; const a = new AuthorisedWrite();`],
  ['one-gate', 'gateway/drivers/x.ts', `class Own extends AuthorisedWrite {}`],
  ['one-gate', 'gateway/drivers/x.ts', `Reflect.construct(AuthorisedWrite, []);`],
  ['one-gate', 'gateway/drivers/x.ts', `import { AuthorisedWrite } from '../commands/gate.ts';`],
  ['one-gate', 'gateway/drivers/x.ts', `import * as door from '../commands/gate.ts';`],
  ['own-imports-end-in-ts', 'gateway/http/x.ts', `import { a } from './guard';`],
];

const kept: readonly (readonly [string, string])[] = [
  ['gateway/commands/x.ts', `import type { A } from '../identity/ports.ts'; import { z } from 'zod';`],
  ['gateway/identity/x.ts', `import { BlockList, isIP } from 'node:net'; import { createHash } from 'node:crypto';`],
  ['gateway/identity/x.ts', `export const at = (ms: number) => new Date(ms).toISOString();`],
  ['gateway/audit/postgres-log.ts', `import pg from 'pg'; export const a = Date.now();`],
  ['gateway/audit/postgres-log.ts', `import { newPool } from '../database/connection.ts';`],
  ['gateway/identity/postgres-rows.ts', `import { postgresChange } from '../audit/postgres-change.ts';`],
  ['gateway/main.ts', `import { a } from './audit/postgres-log.ts'; import { b } from './http/application.ts';`],
  [
    'gateway/drivers/registry.ts',
    `import { opcua } from './opcua/protocol.ts'; import { m } from './modbus/protocol.ts';`,
  ],
  ['gateway/drivers/opcua/x.ts', `import type { AuthorisedWrite } from '../../commands/gate.ts';`],
  ['hmi-web/gateway-client/x.ts', `import { io } from 'socket.io-client'; await fetch('/api/v1/plant');`],
  ['hmi-web/pages/x.tsx', `import { a } from '../../gateway/contract/tag.ts'; import './page.css';`],
  ['test/gateway/x.test.ts', `import { a } from '../../gateway/audit/postgres-log.ts';`],
];

describe('import directions', () => {
  it('SIG-1: hold in the whole product; commands/gate.ts alone makes an AuthorisedWrite', () => {
    const sources = productSources();
    expect(violations(sources)).toEqual([]);
    // A check that looked at nothing would hold too.
    expect(sources.some((source) => source.path === 'gateway/commands/gate.ts')).toBe(true);
    expect(sources.flatMap((source) => source.imports).length).toBeGreaterThan(100);
  });

  it.each(broken)('%s is found in %s: %s', (rule, path, text) => {
    expect(rulesBroken(path, text)).toContain(rule);
  });

  it.each(kept)('nothing is found in %s: %s', (path, text) => {
    expect(rulesBroken(path, text)).toEqual([]);
  });

  it('refuses what it could not judge: an unknown room, and an import by a name made at run time', () => {
    expect(() => rulesBroken('gateway/helpers/x.ts', 'export const a = 1;')).toThrow('no room');
    expect(() => rulesBroken('gateway/http/x.ts', 'await import(name);')).toThrow('run time');
  });

  it('names the line, and judges the value in a mixed import by itself', () => {
    const text = `// two lines first\n\nimport { type Caller, AuthorisedWrite } from '../commands/gate.ts';`;
    expect(violations([readSource('gateway/drivers/x.ts', text)])).toMatchObject([{ rule: 'one-gate', line: 3 }]);
  });
});
