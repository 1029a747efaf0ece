// The plant as a process of its own: ready line, taken ports, the ways it ends, and its control port.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openModbusProbe, openOpcUaProbe, readRegisters } from '../support/plant.ts';

const program = join(import.meta.dirname, '../../simulators/main.ts');
let folder: string;
const started: ChildProcess[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-plant-process-'));
});
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function run(args: readonly string[], stdin: 'pipe' | 'ignore' = 'ignore'): ChildProcess {
  const child = spawn(process.execPath, [program, ...args], { stdio: [stdin, 'pipe', 'pipe'] });
  started.push(child);
  return child;
}

const anyPorts = (): string[] => ['--data', folder, '--opcua-port', '0', '--modbus-port', '0'];

type Ready = { readonly ready: true; readonly opcua: string; readonly modbus: string; readonly control?: number };

/** The first line of standard output. */
async function ready(child: ChildProcess): Promise<Ready> {
  let line = '';
  for await (const chunk of child.stdout ?? []) {
    line += String(chunk);
    if (line.includes('\n')) break;
  }
  return JSON.parse(line) as Ready;
}

function errorsOf(child: ChildProcess): Promise<string> {
  if (child.stderr === null) throw new Error('standard error is not a pipe');
  return text(child.stderr);
}

async function exitCode(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode;
}

const portOf = (address: string): number => Number(address.slice(address.lastIndexOf(':') + 1));

// A start takes a second, and many on a machine that is busy with other tests.
describe('the simulated plant as a process', () => {
  it('SIM-1: says where it listens, serves both protocols, writes only into its data folder, ends on SIGTERM', async () => {
    const child = run(anyPorts());
    const said = await ready(child);
    expect(said).toEqual({
      ready: true,
      opcua: expect.stringMatching(/^opc\.tcp:\/\/127\.0\.0\.1:\d+$/),
      modbus: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
    });
    expect(await readRegisters(portOf(said.modbus), 'holding', 2, 1)).toEqual([1200]);
    const probe = await openOpcUaProbe(said.opcua, folder);
    expect(await probe.read('BR101.TIC.SP')).toMatchObject({ value: 37 });
    expect(await readdir(folder)).toContain('opcua-simulator-pki');
    // With clients still connected.
    child.kill('SIGTERM');
    expect(await exitCode(child)).toBe(0);
    await probe.close().catch(() => undefined);
  });

  it('SIM-1: ends when the parent that holds its standard input goes', async () => {
    const child = run(anyPorts(), 'pipe');
    await ready(child);
    child.stdin?.destroy();
    expect(await exitCode(child)).toBe(0);
  });

  it('SIM-1: ends when its IPC channel closes', async () => {
    const child = spawn(process.execPath, [program, ...anyPorts()], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    started.push(child);
    await ready(child);
    child.disconnect();
    expect(await exitCode(child)).toBe(0);
  });

  it.each([
    ['--opcua-port', 'COUNTERSIGN_OPCUA_PORT'],
    ['--modbus-port', 'COUNTERSIGN_MODBUS_PORT'],
  ])('OPS-1: a taken %s is one clear line that names %s, and exit 1', async (option, variable) => {
    const taken: Server = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    try {
      const child = run([...anyPorts(), option, String(port)]);
      const errors = await errorsOf(child);
      expect(await exitCode(child)).toBe(1);
      expect(errors.trim().split('\n')).toHaveLength(1);
      expect(errors).toContain(String(port));
      expect(errors).toContain(variable);
    } finally {
      taken.close();
    }
  });

  it.each([
    [['--opcua-port', '0'], 2, /--data DIR is missing/],
    [['--data', 'x', '--modbus-port', '70000'], 2, /0 to 65535/],
    [['--data', 'x', '--seed', '-1'], 2, /--seed/],
    [['--data', 'x', '--colour', 'red'], 2, /--colour/],
    [['--data', 'FILE/none', '--opcua-port', '0', '--modbus-port', '0'], 1, /data folder .* cannot be written/],
    [['--data', 'FOLDER', '--host', '0.0.0.0', '--opcua-port', '0', '--modbus-port', '0'], 1, /loopback only/],
  ] as const)('SIM-1: refuses %j', async (args, code, message) => {
    // A file where a folder should be: refused for root too.
    const child = run(args.map((arg) => arg.replace('FILE', program).replace('FOLDER', folder)));
    expect(await errorsOf(child)).toMatch(message);
    expect(await exitCode(child)).toBe(code);
  });

  it('SIM-2: injects faults and shows the write log over its control port, to local programs only', async () => {
    const child = run([...anyPorts(), '--control-port', '0']);
    const said = await ready(child);
    const base = `http://127.0.0.1:${said.control}`;
    const json = async (path: string, init?: RequestInit): Promise<unknown> => (await fetch(base + path, init)).json();
    const post = (body: unknown): RequestInit => ({ method: 'POST', body: JSON.stringify(body) });

    expect(await json('/faults', post({ protocol: 'modbus', kind: 'exception', code: 4, on: 'writes' }))).toEqual({
      id: 1,
    });
    const probe = await openModbusProbe(portOf(said.modbus));
    expect([...(await probe.ask([6, 0, 2, 0x05, 0xaa]))]).toEqual([0x86, 4]);
    expect(await json('/faults')).toMatchObject([{ id: 1, struck: 1 }]);
    await json('/faults', { method: 'DELETE' });
    expect([...(await probe.ask([6, 0, 2, 0x05, 0xaa]))]).toEqual([6, 0, 2, 0x05, 0xaa]);
    expect(await json('/writes')).toMatchObject([
      { point: 'WFI.FIC.SP', status: 'refused', answer: 'exception 4' },
      { point: 'WFI.FIC.SP', status: 'applied', value: 14.5 },
    ]);
    expect(await json('/points')).toMatchObject({ 'WFI.FIC.SP': 14.5, 'BR101.TIC.SP': 37 });
    probe.close();

    expect((await fetch(`${base}/faults`, post({ kind: 'explode' }))).status).toBe(422);
    expect((await fetch(`${base}/faults`, { method: 'POST', body: '{' })).status).toBe(400);
    expect((await fetch(`${base}/nothing`)).status).toBe(404);
    expect((await fetch(`${base}/writes`, { headers: { origin: 'http://evil.example' } })).status).toBe(403);
    expect((await fetch(`${base}/disturbances`, post({ extraDrawM3PerHour: -1 }))).status).toBe(422);
    expect(await json('/disturbances', post({ makeUpWaterLost: true }))).toMatchObject({ makeUpWaterLost: true });
  });
});
