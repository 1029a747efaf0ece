import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { AuthorisedWrite } from '../../../gateway/commands/gate.ts';
import type { TagValue } from '../../../gateway/contract/values.ts';
import type { Driver } from '../../../gateway/drivers/driver.ts';
import { resolveNamespace } from '../../../gateway/drivers/opcua/address.ts';
import { opcua } from '../../../gateway/drivers/opcua/protocol.ts';
import type { Tag } from '../../../gateway/plant/tag.ts';
import { type OpcUaProbe, openOpcUaProbe, startTestPlant, type TestPlant } from '../../support/plant.ts';
import { patienceMs, until } from '../../support/until.ts';
import { connectionWith, Heard, tagAt } from './test-tags.ts';
import { throughGate } from './through-gate.ts';

// An empty home, known before node-opcua is loaded: the real one may hold what other programs keep there.
const home = await vi.hoisted(async () => {
  const { mkdtempSync } = await import('node:fs');
  const { tmpdir } = await import('node:os');
  const { join: under } = await import('node:path');
  const made = mkdtempSync(under(tmpdir(), 'countersign-home-'));
  process.env.HOME = made;
  delete process.env.XDG_CONFIG_HOME;
  return made;
});

const node = (name: string): object => ({ nodeId: `nsu=urn:countersign:demo-plant;s=${name}` });
const setpoint = tagAt(0, 'BR101.TIC.SP', node('BR101.TIC.SP'));
const mode = tagAt(1, 'BR101.TIC.MODE', node('BR101.TIC.MODE'), { dataType: 'int32' });
const batch = tagAt(2, 'BR101.BATCH', node('BR101.BATCH'), { dataType: 'string', setpoint: null });
const measured = tagAt(3, 'BR101.TIC.PV', node('BR101.TIC.PV'), { setpoint: null });
const absent = tagAt(4, 'ABSENT', node('NO.SUCH.NODE'), { setpoint: null });
const foreign = tagAt(5, 'FOREIGN', { nodeId: 'nsu=urn:somewhere:else;s=X' }, { setpoint: null });
const mistyped = tagAt(6, 'MISTYPED', node('BR101.BATCH'), { setpoint: null });
const agitator = tagAt(7, 'BR101.SIC.SP', node('BR101.SIC.SP'), { scaling: { factor: 0.5, offset: 10 } });
const tags = [setpoint, mode, batch, measured, absent, foreign, mistyped, agitator];

let plant: TestPlant;
let probe: OpcUaProbe;
const drivers: Driver[] = [];

beforeAll(async () => {
  plant = await startTestPlant({ modbus: false });
  probe = await openOpcUaProbe(plant.opcuaEndpoint, plant.dataFolder);
});
afterEach(async () => {
  plant.faults.clear();
  await Promise.all(drivers.splice(0).map((driver) => driver.stop()));
});
afterAll(async () => {
  await probe?.close();
  await plant?.close();
  await rm(home, { recursive: true, force: true });
});

async function startDriver(
  change: {
    readonly tags?: readonly Tag[];
    readonly endpoint?: string;
    readonly lostAfterMs?: number;
    readonly requestTimeoutMs?: number;
  } = {},
): Promise<{ readonly driver: Driver; readonly heard: Heard }> {
  const heard = new Heard();
  const options = opcua.connectionSchema.parse({
    endpoint: change.endpoint ?? plant.opcuaEndpoint,
    publishingIntervalMs: 50,
    // Far above what an answer takes: where a time-out is the subject, the test sets its own.
    requestTimeoutMs: change.requestTimeoutMs ?? 5_000,
  });
  const own = (change.tags ?? tags).map((tag) => ({ ...tag, address: opcua.addressSchema.parse(tag.address) }));
  const connection = connectionWith('opcua', options, change.lostAfterMs ?? 3_000);
  const driver = opcua.create({ connection, tags: own, now: Date.now, dataFolder: plant.dataFolder }, heard);
  drivers.push(driver);
  await driver.start();
  return { driver, heard };
}
const connected = (heard: Heard): Promise<true> => until(() => heard.states.at(-1) === 'connected', 'connected');
const write = (driver: Driver, tag: Tag, value: TagValue) =>
  throughGate(tag, value, (authorised) => driver.write(authorised));

describe('the OPC UA driver over a real socket', () => {
  it('DRV-1: subscribes to all tags, resolves namespaces, and keeps source times', async () => {
    const { heard } = await startDriver();
    await until(() => heard.latest(measured) !== undefined && heard.latest(batch) !== undefined, 'first values');
    expect(heard.latest(setpoint)).toMatchObject({ value: 37, quality: 'good', reason: 'none' });
    expect(heard.latest(mode)?.value).toBe(1);
    expect(heard.latest(batch)?.value).toBe('B-2026-0417');
    expect(heard.latest(agitator)?.value).toBe(120 * 0.5 + 10);
    const direct = await probe.read('BR101.TIC.SP');
    expect(heard.latest(setpoint)?.sourceTimeMs).toBe(direct.sourceTime?.getTime());
  });

  it('DRV-5: items that the server does not have, or holds in another type, are bad with a reason; the others are not', async () => {
    const { heard } = await startDriver();
    await until(() => heard.latest(absent) !== undefined && heard.latest(mistyped) !== undefined, 'all are judged');
    expect(heard.latest(absent)).toMatchObject({ value: null, quality: 'bad', reason: 'device-error' });
    expect(heard.latest(foreign)).toMatchObject({ value: null, quality: 'bad', reason: 'device-error' });
    expect(heard.latest(mistyped)).toMatchObject({ value: null, quality: 'bad', reason: 'wrong-type' });
    expect(heard.latest(setpoint)?.quality).toBe('good');
    for (const { tags: vouched } of heard.vouchings) {
      expect(vouched).not.toContain(absent.index);
      expect(vouched).not.toContain(foreign.index);
    }
  });

  it('DRV-5: a steady value is told once and vouched for by every answer of the server, keep-alives included', async () => {
    const { heard } = await startDriver({ tags: [setpoint, batch] });
    await until(() => heard.vouchings.length >= 4, 'keep-alives');
    expect(heard.batches.flat()).toHaveLength(2);
    const whole = heard.vouchings.filter(({ tags: vouched }) => vouched.length === 2);
    expect(new Set(whole.map(({ tags: vouched }) => vouched)).size).toBe(1);
  });

  it('DRV-5: steady values are no loss, also where keep-alives are further apart than the library’s own patience', async () => {
    // A third of lostAfterMs: 5.3 s, beyond the 5 s that the library lets a connection idle unless told otherwise.
    const { heard } = await startDriver({ tags: [batch], lostAfterMs: 16_000 });
    await until(() => heard.latest(batch) !== undefined, 'the first value');
    const answers = heard.vouchings.length;
    await until(() => heard.vouchings.length > answers, 'a keep-alive');
    expect(heard.states).toEqual(['connecting', 'connected']);
  });

  it('DRV-5: the server’s status becomes quality and reason', async () => {
    const { heard } = await startDriver({ tags: [measured] });
    await until(() => heard.latest(measured) !== undefined, 'first value');
    plant.faults.inject({
      kind: 'bad-quality',
      protocol: 'opcua',
      points: ['BR101.TIC.PV'],
      status: 'BadSensorFailure',
    });
    await until(() => heard.latest(measured)?.quality === 'bad', 'bad');
    expect(heard.latest(measured)?.reason).toBe('source-bad');
    plant.faults.clear();
    await until(() => heard.latest(measured)?.quality === 'good', 'good again');
    plant.faults.inject({
      kind: 'bad-quality',
      protocol: 'opcua',
      points: ['BR101.TIC.PV'],
      status: 'UncertainLastUsableValue',
    });
    await until(() => heard.latest(measured)?.quality === 'uncertain', 'uncertain');
    expect(heard.latest(measured)?.reason).toBe('source-uncertain');
  });

  it('DRV-5: an absurd source time becomes the arrival time, uncertain', async () => {
    const { driver, heard } = await startDriver({ tags: [setpoint] });
    await connected(heard);
    const driftMs = 3 * 24 * 3_600_000;
    plant.faults.inject({ kind: 'clock-drift', protocol: 'opcua', offsetMs: driftMs });
    plant.plant.write('BR101.TIC.SP', 37.5);
    await until(async () => {
      const { sourceTime } = await probe.read('BR101.TIC.SP');
      return sourceTime !== null && sourceTime.getTime() > Date.now() + driftMs / 2;
    }, 'the server’s clock has drifted');
    const before = Date.now();
    const reading = await driver.read(setpoint, patienceMs);
    expect(reading).toMatchObject({
      ok: true,
      sample: { quality: 'uncertain', reason: 'source-time-absurd', value: 37.5 },
    });
    if (!reading.ok) return;
    expect(reading.sample.sourceTimeMs).toBeGreaterThanOrEqual(before);
    expect(reading.sample.sourceTimeMs).toBeLessThanOrEqual(Date.now());
  });

  it('DRV-2, CMD-12: writes in the server’s own type, with the command’s id for the server’s audit', async () => {
    const { driver, heard } = await startDriver();
    await connected(heard);
    plant.writes.clear();
    const done = await write(driver, setpoint, 37.3);
    expect(done.result).toEqual({ kind: 'written', status: 'Good' });
    expect((await probe.read('BR101.TIC.SP')).value).toBeCloseTo(37.3, 5);
    expect((await write(driver, mode, 0)).result.kind).toBe('written');
    expect((await probe.read('BR101.TIC.MODE')).value).toBe(0);
    expect((await write(driver, agitator, 60)).result.kind).toBe('written');
    expect((await probe.read('BR101.SIC.SP')).value).toBe(100);
    expect(plant.writes.all()[0]?.auditEntryId).toBe(done.command);
    await until(() => heard.latest(setpoint)?.value === 37.3, 'the subscription shows it as the float32 that it is');
    await write(driver, mode, 1);
  });

  it('CMD-5: a direct read is of the device and is bounded by its time-out', async () => {
    const { driver, heard } = await startDriver({ tags: [setpoint] });
    await connected(heard);
    expect(await probe.write('BR101.TIC.SP', 38.25)).toBe('Good');
    expect(await driver.read(setpoint, patienceMs)).toMatchObject({
      ok: true,
      sample: { value: 38.25, quality: 'good' },
    });
    plant.faults.inject({ kind: 'never-answer', protocol: 'opcua' });
    expect(await driver.read(setpoint, 50)).toMatchObject({ ok: false, reason: 'no-answer' });
  });

  it('CMD-5: what the server refuses is rejected, with the status by name', async () => {
    const { driver, heard } = await startDriver();
    await connected(heard);
    expect((await write(driver, setpoint, 70)).result).toMatchObject({ kind: 'rejected', status: 'BadOutOfRange' });
    expect((await write(driver, measured, 37)).result).toMatchObject({ kind: 'rejected', status: 'BadNotWritable' });
  });

  it('DRV-2: a value that the server’s type cannot hold is not sent', async () => {
    const { driver, heard } = await startDriver({ tags: [{ ...mode, dataType: 'float64' }] });
    await connected(heard);
    plant.writes.clear();
    expect((await write(driver, { ...mode, dataType: 'float64' }, 0.5)).result.kind).toBe('not-sent');
    expect(plant.writes.count()).toBe(0);
  });

  it('CMD-5: a write without an answer is unknown and is not sent again', async () => {
    const { driver, heard } = await startDriver({ requestTimeoutMs: 500 });
    await connected(heard);
    plant.writes.clear();
    plant.faults.inject({ kind: 'never-answer', protocol: 'opcua', on: 'writes', when: 'after-apply', times: 1 });
    expect((await write(driver, setpoint, 36.5)).result.kind).toBe('unknown');
    const answers = heard.vouchings.length;
    await until(() => heard.vouchings.length > answers + 5, 'the subscription goes on');
    expect(plant.writes.all().map((seen) => seen.value)).toEqual([36.5]);
  });

  for (const when of ['before-apply', 'after-apply'] as const) {
    it(`DRV-2: a connection dropped under a write (${when}) makes it unknown; the new session does not write`, async () => {
      const { driver, heard } = await startDriver();
      await connected(heard);
      plant.writes.clear();
      plant.faults.inject({ kind: 'drop-connection', protocol: 'opcua', on: 'writes', when, times: 1 });
      expect((await write(driver, setpoint, 36.8)).result.kind).toBe('unknown');
      await until(() => heard.states.join().endsWith('lost,connected'), 'reconnected');
      const answers = heard.vouchings.length;
      await until(() => heard.vouchings.length > answers + 5, 'the new subscription goes on');
      expect(plant.writes.count()).toBe(when === 'after-apply' ? 1 : 0);
    });
  }

  it('DRV-2: a write while the connection is down is not sent, nor kept for the next connection', async () => {
    const { driver, heard } = await startDriver();
    await connected(heard);
    plant.writes.clear();
    plant.faults.inject({ kind: 'refuse-connections', protocol: 'opcua' });
    plant.dropConnections();
    await until(() => heard.states.at(-1) === 'lost', 'lost');
    let kept: AuthorisedWrite | undefined;
    const { result } = await throughGate(setpoint, 36.9, (authorised) => {
      kept = authorised;
      return driver.write(authorised);
    });
    expect(result.kind).toBe('not-sent');
    plant.faults.clear();
    await connected(heard);
    if (kept === undefined) throw new Error('no write');
    expect((await driver.write(kept)).kind).toBe('not-sent');
    expect(plant.writes.count()).toBe(0);
  });

  it('DRV-2: session and subscription come back after every loss, with fresh values', async () => {
    const { heard } = await startDriver({ tags: [setpoint, batch] });
    await until(() => heard.latest(batch) !== undefined, 'first values');
    for (let round = 1; round <= 3; round++) {
      const before = heard.batches.length;
      plant.dropConnections();
      await until(() => heard.states.filter((state) => state === 'connected').length > round, 'reconnected');
      await until(() => {
        const told = heard.batches.slice(before).flat();
        return told.some((sample) => sample.index === 0) && told.some((sample) => sample.index === 2);
      }, 'every value is told anew, changed or not');
    }
  });

  it('DRV-5: a server that falls silent with its socket open is given up within lostAfterMs', async () => {
    const { driver, heard } = await startDriver({ tags: [setpoint], lostAfterMs: 600 });
    await connected(heard);
    plant.faults.inject({ kind: 'never-answer', protocol: 'opcua' });
    await until(() => heard.states.at(-1) === 'lost', 'lost');
    expect(heard.errors.at(-1)).toContain('silent');
    expect(await driver.read(setpoint, 200)).toMatchObject({ ok: false });
    plant.faults.clear();
    await connected(heard);
  });

  it('DRV-1: keeps its key and certificate in the given folder', async () => {
    const { heard } = await startDriver({ tags: [setpoint] });
    await connected(heard);
    expect(await readdir(join(plant.dataFolder, 'opcua-client'))).toContain('own');
    expect(await readdir(home)).toEqual([]);
  });

  it('DRV-2: says in one line why a server cannot be reached, and keeps trying', async () => {
    const { heard } = await startDriver({ endpoint: 'opc.tcp://127.0.0.1:1' });
    await until(() => heard.errors.length >= 2, 'two attempts');
    expect(heard.states).toEqual(['connecting', 'lost']);
    expect(heard.errors[0]).toContain('ECONNREFUSED');
    expect(heard.errors[0]).not.toContain('\n');
  });
});

describe('an OPC UA address', () => {
  it('DRV-1: names its namespace by URI, wherever the server lists it', () => {
    expect(resolveNamespace('nsu=urn:b;s=X;Y', ['urn:a', 'urn:b'])).toBe('ns=1;s=X;Y');
    expect(resolveNamespace('nsu=urn:c;s=X', ['urn:a', 'urn:b'])).toBeNull();
    expect(resolveNamespace('ns=2;i=5', [])).toBe('ns=2;i=5');
  });
  const refused = ['BR101.TIC.SP', 'nsu=urn:b', 'ns=x;s=1', 's=', 'ns=1;q=4', ''];
  for (const nodeId of refused) {
    it(`DRV-1: is refused: "${nodeId}"`, () => {
      expect(opcua.addressSchema.safeParse({ nodeId }).success).toBe(false);
    });
  }
  it('DRV-1: security that is not there yet is refused, not ignored', () => {
    const endpoint = 'opc.tcp://plc:4840';
    expect(opcua.connectionSchema.safeParse({ endpoint, securityMode: 'SignAndEncrypt' }).success).toBe(false);
    expect(opcua.connectionSchema.safeParse({ endpoint, securityMode: 'None' }).success).toBe(true);
    expect(opcua.connectionSchema.safeParse({ endpoint, password: 'x' }).success).toBe(false);
  });
});
