// Each fault of the OPC UA server does what it says, and is over when cleared. Real sockets, a client of its own.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type OpcUaProbe, openOpcUaProbe, startTestPlant, type TestPlant } from '../../support/plant.ts';
import { patienceMs } from '../../support/until.ts';

let plant: TestPlant;
/** Added to the controller's clock: what takes its time there takes none here. */
let aheadMs = 0;
let probe: OpcUaProbe;
beforeAll(async () => {
  plant = await startTestPlant({ modbus: false, nowMs: () => Date.now() + aheadMs });
});
afterAll(() => plant?.close());
beforeEach(async () => {
  plant.plant.write('BR101.TIC.SP', 37);
  plant.writes.clear();
  probe = await openProbe();
});
afterEach(async () => {
  plant.faults.clear();
  await probe.close();
});

const openProbe = (): Promise<OpcUaProbe> => openOpcUaProbe(plant.opcuaEndpoint, plant.dataFolder);
const setpoint = async (): Promise<unknown> => (await probe.read('BR101.TIC.SP')).value;

describe('faults of the OPC UA server', () => {
  it('SIM-2: delays every answer, and releases them when cleared', async () => {
    plant.faults.inject({ protocol: 'opcua', kind: 'delay-answers', ms: 120 });
    const startedMs = performance.now();
    await probe.read('BR101.TIC.SP');
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(115);
    plant.faults.inject({ protocol: 'opcua', kind: 'delay-answers', ms: 600_000 });
    const held = plant.faults.active()[0];
    if (held !== undefined) plant.faults.remove(held.id);
    const reading = probe.read('BR101.TIC.SP');
    await vi.waitFor(() => expect(plant.faults.active()[0]?.struck).toBe(1), { timeout: patienceMs, interval: 5 });
    plant.faults.clear();
    expect(await reading).toMatchObject({ status: 'Good' });
  });

  it('SIM-2: delays answers to writes only, the value applied meanwhile', async () => {
    plant.faults.inject({
      protocol: 'opcua',
      kind: 'delay-answers',
      on: 'writes',
      ms: 600_000,
      points: ['BR101.TIC.SP'],
    });
    let answered = false;
    const writing = probe.write('BR101.TIC.SP', 38).finally(() => {
      answered = true;
    });
    await vi.waitFor(async () => expect(await setpoint()).toBe(38), { timeout: patienceMs, interval: 10 });
    expect(answered).toBe(false);
    plant.faults.clear();
    expect(await writing).toBe('Good');
  });

  it.each([
    ['after-apply', 38],
    ['before-apply', 37],
  ] as const)('SIM-2: never answers a write, %s, while reads go on', async (when, expected) => {
    const id = plant.faults.inject({ protocol: 'opcua', kind: 'never-answer', on: 'writes', when, times: 1 });
    let answered = false;
    const writing = probe
      .write('BR101.TIC.SP', 38)
      .catch((error: Error) => error.message)
      .finally(() => {
        answered = true;
      });
    await vi.waitFor(() => expect(plant.faults.struck(id)).toBe(1), { timeout: patienceMs, interval: 5 });
    expect(await setpoint()).toBe(expected);
    expect(plant.writes.all()).toHaveLength(when === 'after-apply' ? 1 : 0);
    expect(answered).toBe(false);
    plant.faults.clear();
    expect(await writing).toBe(when === 'after-apply' ? 'Good' : 'BadTimeout');
  });

  it('SIM-2: falls silent altogether, and drops the spoilt connection when cleared', async () => {
    const id = plant.faults.inject({ protocol: 'opcua', kind: 'never-answer' });
    const reading = probe.read('BR101.TIC.SP').then(
      () => 'answered',
      () => 'failed',
    );
    await vi.waitFor(() => expect(plant.faults.struck(id)).toBeGreaterThan(0), { timeout: patienceMs, interval: 5 });
    plant.faults.clear();
    expect(await reading).toBe('failed');
    const again = await openProbe();
    expect(await again.read('BR101.TIC.SP')).toMatchObject({ status: 'Good' });
    await again.close();
  });

  it('SIM-2: sends garbage', async () => {
    plant.faults.inject({ protocol: 'opcua', kind: 'garbage-answer', times: 1 });
    await expect(probe.read('BR101.TIC.SP')).rejects.toThrow();
  });

  it.each([
    ['before-apply', 37, 0],
    ['after-apply', 38, 1],
  ] as const)('SIM-2: drops the connection that writes %s, not its neighbour', async (when, expected, applied) => {
    const neighbour = await openProbe();
    plant.faults.inject({ protocol: 'opcua', kind: 'drop-connection', when });
    await expect(probe.write('BR101.TIC.SP', 38)).rejects.toThrow();
    expect(await neighbour.read('BR101.TIC.SP')).toMatchObject({ value: expected, status: 'Good' });
    expect(plant.writes.applied()).toHaveLength(applied);
    await neighbour.close();
  });

  it('SIM-2: refuses a write with the status that is asked for', async () => {
    plant.faults.inject({ protocol: 'opcua', kind: 'refuse-write', times: 1 });
    expect(await probe.write('BR101.TIC.SP', 38)).toBe('BadNotWritable');
    plant.faults.inject({ protocol: 'opcua', kind: 'refuse-write', status: 'BadUserAccessDenied' });
    expect(await probe.write('BR101.TIC.SP', 38)).toBe('BadUserAccessDenied');
    expect(await setpoint()).toBe(37);
    expect(plant.writes.all().map(({ status, answer }) => [status, answer])).toEqual([
      ['refused', 'BadNotWritable'],
      ['refused', 'BadUserAccessDenied'],
    ]);
  });

  it('SIM-2: answers a write as done and ignores it', async () => {
    plant.faults.inject({ protocol: 'opcua', kind: 'ignore-write' });
    expect(await probe.write('BR101.TIC.SP', 38)).toBe('Good');
    expect(await setpoint()).toBe(37);
    expect(plant.writes.all()).toMatchObject([{ status: 'ignored', value: 38 }]);
  });

  it('SIM-2: applies a write and puts the former value back', async () => {
    plant.faults.inject({ protocol: 'opcua', kind: 'revert-value', afterMs: 150 });
    expect(await probe.write('BR101.TIC.SP', 38)).toBe('Good');
    await vi.waitFor(async () => expect(await setpoint()).toBe(37), { timeout: patienceMs, interval: 20 });
    const shown = plant.shown.between('BR101.TIC.SP', 0, Number.POSITIVE_INFINITY).map(({ value }) => value);
    expect(shown.slice(-2)).toEqual([38, 37]);
  });

  it('SIM-2: shows a written value only slowly', async () => {
    plant.faults.inject({ protocol: 'opcua', kind: 'settle-slowly', ms: 600_000 });
    expect(await probe.write('BR101.TIC.SP', 38)).toBe('Good');
    expect(await setpoint()).toBeLessThan(37.5);
    aheadMs += 540_000;
    const between = await setpoint();
    expect(between).toBeGreaterThan(37.5);
    expect(between).toBeLessThan(38);
    aheadMs += 540_000;
    expect(await setpoint()).toBe(38);
  });

  it('SIM-2: freezes a value and its source time while the plant goes on', async () => {
    plant.faults.inject({ protocol: 'opcua', kind: 'freeze-value', points: ['BR101.SIC.PV'] });
    const before = await probe.read('BR101.SIC.PV');
    plant.plant.write('BR101.SIC.SP', 200);
    plant.plant.step(20);
    const seconds = plant.plant.elapsedSeconds();
    await vi.waitFor(() => expect(plant.plant.elapsedSeconds()).toBeGreaterThan(seconds), { timeout: patienceMs });
    expect(await probe.read('BR101.SIC.PV')).toEqual(before);
    plant.faults.clear();
    await vi.waitFor(async () => expect((await probe.read('BR101.SIC.PV')).value).toBeGreaterThan(190), {
      timeout: patienceMs,
      interval: 20,
    });
    plant.plant.write('BR101.SIC.SP', 120);
  });

  it('SIM-2: shows a bad quality, and good again when cleared', async () => {
    plant.faults.inject({
      protocol: 'opcua',
      kind: 'bad-quality',
      status: 'BadSensorFailure',
      points: ['BR101.PH.PV'],
    });
    await vi.waitFor(async () => expect((await probe.read('BR101.PH.PV')).status).toBe('BadSensorFailure'), {
      timeout: patienceMs,
      interval: 20,
    });
    expect(await probe.read('BR101.DO.PV')).toMatchObject({ status: 'Good' });
    plant.faults.clear();
    await vi.waitFor(async () => expect((await probe.read('BR101.PH.PV')).status).toBe('Good'), {
      timeout: patienceMs,
      interval: 20,
    });
  });

  it('SIM-2: lets its clock drift', async () => {
    plant.faults.inject({ protocol: 'opcua', kind: 'clock-drift', offsetMs: 3_600_000 });
    await probe.write('BR101.TIC.SP', 38);
    const { sourceTime } = await probe.read('BR101.TIC.SP');
    expect((sourceTime?.getTime() ?? 0) - Date.now()).toBeGreaterThan(3_500_000);
  });

  it('SIM-2: refuses new connections and keeps those it has', async () => {
    plant.faults.inject({ protocol: 'opcua', kind: 'refuse-connections' });
    await expect(openProbe()).rejects.toThrow();
    expect(await probe.read('BR101.TIC.SP')).toMatchObject({ status: 'Good' });
    plant.faults.clear();
    const again = await openProbe();
    await again.close();
  });
});
