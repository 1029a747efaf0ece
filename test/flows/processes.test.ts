import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { CommandView } from '../../gateway/contract/command.ts';
import type { Health } from '../../gateway/contract/health.ts';
import { ApiClient } from '../support/api-client.ts';
import { type DemoPorts, type DemoRun, freePorts, isAlive, runDemo } from '../support/demo.ts';

import { openOpcUaProbe } from '../support/plant.ts';
import { until } from '../support/until.ts';

const password = 'countersign-demo';
const projectFolder = join(import.meta.dirname, '../..');
const patienceMs = 90_000;

// Issue 2, accepted when 5 and 6: kill things while they work; nothing may count as done that was not, and the next
// start is in order.
describe('the demo’s processes, killed while they work', () => {
  let data: string;
  let ports: DemoPorts;
  let run: DemoRun | undefined;

  beforeAll(async () => {
    data = mkdtempSync(join(tmpdir(), 'countersign-processes-'));
    // As root the database's user must reach its folder, as it does below an ordinary home.
    chmodSync(data, 0o755);
    ports = await freePorts();
  });
  afterEach(async () => {
    if (run === undefined) return;
    run.child.kill('SIGTERM');
    await run.ended;
    run = undefined;
  });
  afterAll(() => rmSync(data, { recursive: true, force: true }));

  async function start(): Promise<DemoRun> {
    const started = runDemo(data, ports);
    run = started;
    await Promise.race([
      until(() => started.said().includes('Countersign is ready'), `readiness; it said: ${started.said()}`, patienceMs),
      started.ended.then((code) => Promise.reject(new Error(`it ended with ${code}: ${started.said()}`))),
    ]);
    await until(async () => (await health()).status === 'ready', 'both PLCs', patienceMs);
    return started;
  }
  async function health(): Promise<Health> {
    return (await (await fetch(`http://127.0.0.1:${ports.http}/health`)).json()) as Health;
  }
  const operator = (): Promise<ApiClient> => ApiClient.ready(`http://localhost:${ports.http}`, 'operator', password);
  async function setpointInPlc(): Promise<number> {
    const probe = await openOpcUaProbe(`opc.tcp://127.0.0.1:${ports.opcua}`, data);
    try {
      return Number((await probe.read('BR101.TIC.SP')).value);
    } finally {
      await probe.close();
    }
  }
  function verifyLog(): { status: number | null; output: string } {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['bin/countersign.mjs', 'audit', 'verify', '--data', data],
      { cwd: projectFolder, encoding: 'utf8' },
    );
    return { status, output: `${stdout}${stderr}` };
  }
  /** Waits until everything below the launcher is gone. */
  async function allGone(pids: readonly number[]): Promise<void> {
    await until(() => pids.every((pid) => !isAlive(pid)), `the end of ${pids.join(', ')}`);
  }

  it('OPS-1: stops cleanly on SIGTERM, leaves nothing running, and starts again on the same data', async () => {
    const first = await start();
    const pids = first.processes(/./);
    expect(pids.length).toBeGreaterThanOrEqual(4);
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(0);
    await allGone(pids);
    await start();
    const qa = await ApiClient.ready(`http://localhost:${ports.http}`, 'qa', password);
    const page = await qa.get<{ records: { kind: string; detail?: { reason?: string } }[] }>(
      '/audit?kind=gateway.stopped',
    );
    expect(page.body.records[0]?.detail?.reason).toBe('SIGTERM');
  });

  it('OPS-1: a second start on the same folder, a taken port and an unwritable folder are one clear line each', async () => {
    await start();
    const second = runDemo(data, await freePorts());
    expect(await second.ended).toBe(1);
    expect(second.said().trim()).toMatch(
      /^Countersign already runs on .* Stop it first, or name another folder with COUNTERSIGN_DATA\.$/,
    );
    const other = mkdtempSync(join(tmpdir(), 'countersign-other-'));
    const taken = runDemo(other, { ...(await freePorts()), http: ports.http });
    expect(await taken.ended).toBe(1);
    expect(taken.said().trim()).toBe(
      `Port ${ports.http} (HTTP) is taken by another program. Stop that program, or choose another port with COUNTERSIGN_HTTP_PORT.`,
    );
    const away = runDemo(other, await freePorts(), {
      COUNTERSIGN_DATABASE_URL: 'postgres://nobody:x@127.0.0.1:1/none',
    });
    expect(await away.ended).toBe(1);
    expect(away.said().trim().split('\n')).toHaveLength(1);
    expect(away.said()).toContain('127.0.0.1:1');
    expect(away.said()).not.toContain('nobody:x');
    const unwritable = runDemo('/dev/null/countersign', await freePorts());
    expect(await unwritable.ended).toBe(1);
    expect(unwritable.said()).toContain('COUNTERSIGN_DATA');
    const file = join(other, 'a file');
    writeFileSync(file, 'x');
    for (const place of [file, join(file, 'data')]) {
      const within = runDemo(place, await freePorts());
      expect(await within.ended).toBe(1);
      expect(within.said().trim()).toBe(
        `The data folder ${place} cannot be made: ${file} is no folder. Name another with COUNTERSIGN_DATA.`,
      );
    }
    rmSync(other, { recursive: true, force: true });
  });

  it('CMD-4, CMD-6: the gateway killed in the middle of a command: the next start closes it by what the PLC holds', async () => {
    const first = await start();
    const client = await operator();
    const before = await setpointInPlc();
    const target = before > 36 ? before - 1 : before + 1;
    const asked = await client.ask('BR101.TIC.SP', target);
    expect(asked.status).toBe(201);
    const { id, statement } = asked.body as { id: string; statement: unknown };
    const body = {
      statement: await client.signStatement(statement, {
        signer: 'operator',
        meaning: 'responsibility',
        reasonCode: 'adjustment',
      }),
      username: 'operator',
      password,
    };
    const signing = client.post(`/commands/${id}/signatures`, body).catch(() => null);
    // Argon2 takes some 20 ms: the kill falls somewhere between signature and outcome.
    await new Promise((next) => setTimeout(next, 25));
    const [gateway] = first.processes(/gateway\/assembly\/process\.ts/);
    expect(gateway).toBeDefined();
    process.kill(gateway ?? 0, 'SIGKILL');
    const answer = await signing;
    expect(await first.ended).toBe(1);
    expect(first.said()).toContain('The gateway ended unexpectedly (SIGKILL).');
    run = undefined;

    await start();
    const held = await setpointInPlc();
    const again = await operator();
    const closed = await until(async () => {
      const view = (await again.get(`/commands/${id}`)).body as unknown as CommandView;
      return ['confirmed', 'unknown', 'failed', 'expired', 'refused', 'rejected'].includes(view.state) ? view : null;
    }, 'the open command to be closed');
    if (answer?.status === 200 && (answer.body as { state?: string }).state === 'confirmed')
      expect(closed.state).toBe('confirmed');
    // The simulated plant was stopped with the launcher and holds its initial setpoint again: it confirms nothing.
    if (closed.state === 'confirmed' && answer === null) expect(held).toBeCloseTo(target, 4);
    if (closed.stages.some((stage) => stage.kind === 'command.written'))
      expect(closed.stages.some((stage) => stage.kind === 'command.accepted')).toBe(true);
    expect(verifyLog()).toEqual({ status: 0, output: expect.stringContaining('Good') });
  });

  it('CMD-4: PostgreSQL’s server killed: no command is confirmed unrecorded, and the next start is in order', async () => {
    const first = await start();
    const client = await operator();
    const asked = await client.ask('BR101.SIC.SP', 130);
    const { id, statement } = asked.body as { id: string; statement: unknown };
    const pids = first.processes(/./);
    const [postmaster] = first.processes(/postgres.* -D /);
    expect(postmaster).toBeDefined();
    process.kill(postmaster ?? 0, 'SIGKILL');
    const answer = await client
      .post(`/commands/${id}/signatures`, {
        statement: await client.signStatement(statement, {
          signer: 'operator',
          meaning: 'responsibility',
          reasonCode: 'adjustment',
        }),
        username: 'operator',
        password,
      })
      .catch(() => null);
    expect(answer?.body).not.toMatchObject({ state: 'confirmed' });
    expect(await first.ended).toBe(1);
    await allGone(pids);
    run = undefined;
    await start();
    expect(verifyLog()).toEqual({ status: 0, output: expect.stringContaining('Good') });
    const view = (await (await operator()).get(`/commands/${id}`)).body as unknown as CommandView;
    expect(view.state).not.toBe('confirmed');
  });

  it('DRV-5: the simulated plant killed: its values go bad, and come back with it, without a restart of the gateway', async () => {
    const first = await start();
    const client = await operator();
    const quality = async (tag: string): Promise<string> =>
      (await client.get<{ latest: { quality: string } }>(`/tags/${tag}`)).body.latest.quality;
    const [simulators] = first.processes(/simulators\/main\.ts/);
    process.kill(simulators ?? 0, 'SIGKILL');
    for (const tag of ['BR101.TIC.SP', 'BR101.TIC.PV', 'WFI.TIC.SP', 'WFI.PUMP.RUN'])
      await until(async () => (await quality(tag)) === 'bad', `${tag} to go bad`);
    const refused = await client.ask('BR101.TIC.SP', 37.5);
    expect(refused.status).toBeGreaterThanOrEqual(400);
    expect(first.said()).toContain('npx countersign simulate');

    const { http: control } = await freePorts();
    const simulate = spawn(process.execPath, ['bin/countersign.mjs', 'simulate'], {
      cwd: projectFolder,
      stdio: ['pipe', 'ignore', 'inherit'],
      env: {
        ...process.env,
        COUNTERSIGN_DATA: data,
        COUNTERSIGN_HTTP_PORT: String(ports.http),
        COUNTERSIGN_OPCUA_PORT: String(ports.opcua),
        COUNTERSIGN_MODBUS_PORT: String(ports.modbus),
        COUNTERSIGN_CONTROL_PORT: String(control),
      },
    });
    try {
      for (const tag of ['BR101.TIC.SP', 'WFI.TIC.SP', 'WFI.PUMP.RUN'])
        await until(async () => (await quality(tag)) === 'good', `${tag} to come back`);
      const changed = await client.changeSetpoint('BR101.TIC.SP', 37.5, 'adjustment', 'operator', password);
      expect(changed.body).toMatchObject({ state: 'confirmed' });
      const writes = await fetch(`http://127.0.0.1:${control}/writes`);
      expect(await writes.json()).toMatchObject([
        { point: 'BR101.TIC.SP', status: 'applied', value: 37.5, auditEntryId: changed.body.id },
      ]);
    } finally {
      simulate.kill('SIGTERM');
      await new Promise((next) => simulate.once('exit', next));
    }
  });

  it('OPS-1: the launcher killed hard: nothing outlives it, and the next start recovers', async () => {
    const first = await start();
    const pids = first.processes(/main\.ts|maintenance\.ts|assembly\/process\.ts|bin\/postgres/);
    expect(pids.length).toBeGreaterThanOrEqual(4);
    const client = await ApiClient.ready(`http://localhost:${ports.http}`, 'qa', password);
    first.child.kill('SIGKILL');
    await first.ended;
    await allGone(pids);
    run = undefined;
    await start();
    // The server waited for the gateway's last word.
    await client.signIn('qa', password);
    const stops = await client.get<{ records: { detail?: { reason?: string } }[] }>(
      '/audit?kind=gateway.stopped&limit=1',
    );
    expect(stops.body.records[0]?.detail?.reason).toBe('the launcher is gone');
    expect(verifyLog()).toEqual({ status: 0, output: expect.stringContaining('Good') });
  });

  it('OPS-1: a port that is taken on the simulators’ side is named with its variable', async () => {
    const blocker = createServer();
    const free = await freePorts();
    await new Promise<void>((resolve) => blocker.listen(free.modbus, '127.0.0.1', resolve));
    const blocked = runDemo(data, free);
    expect(await blocked.ended).toBe(1);
    expect(blocked.said()).toContain('COUNTERSIGN_MODBUS_PORT');
    await new Promise((resolve) => blocker.close(resolve));
  });
});
