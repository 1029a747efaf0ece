// Each fault of the Modbus controller does what it says, and is over when cleared. Real sockets, a raw client.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  floatOf,
  type ModbusProbe,
  openModbusProbe,
  readRegisters,
  startTestPlant,
  type TestPlant,
} from '../../support/plant.ts';
import { patienceMs } from '../../support/until.ts';

let plant: TestPlant;
/** Added to the controller's clock: what takes its time there takes none here. */
let aheadMs = 0;
let probe: ModbusProbe;
beforeAll(async () => {
  plant = await startTestPlant({ opcua: false, nowMs: () => Date.now() + aheadMs });
});
afterAll(() => plant?.close());
beforeEach(async () => {
  plant.plant.write('WFI.FIC.SP', 12);
  plant.writes.clear();
  probe = await openModbusProbe(plant.modbusPort);
});
afterEach(() => {
  probe.close();
  plant.faults.clear();
});

const readFlow = [3, 0, 2, 0, 1];
const readTemperature = [3, 0, 0, 0, 2];
/** 14.50 m³/h. */
const writeFlow = [6, 0, 2, 0x05, 0xaa];
const flow = async (): Promise<number | undefined> => (await readRegisters(plant.modbusPort, 'holding', 2, 1))[0];

describe('faults of the Modbus controller', () => {
  it('SIM-2: delays answers, of one point only where it is named, and others may overtake', async () => {
    plant.faults.inject({ protocol: 'modbus', kind: 'delay-answers', ms: 150, points: ['WFI.FIC.SP'] });
    const startedMs = performance.now();
    const slow = probe.sendRequest(readFlow);
    const quick = probe.sendRequest(readTemperature);
    expect(await probe.next()).toMatchObject({ transactionId: quick });
    expect(await probe.next()).toMatchObject({ transactionId: slow });
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(145);
  });

  it('SIM-2: releases delayed answers when cleared', async () => {
    plant.faults.inject({ protocol: 'modbus', kind: 'delay-answers', ms: 600_000 });
    const id = probe.sendRequest(readFlow);
    expect(await probe.next(50)).toEqual({ kind: 'silent' });
    plant.faults.clear();
    expect(await probe.next()).toMatchObject({ transactionId: id });
  });

  it('SIM-2: never answers, the write carried out', async () => {
    plant.faults.inject({ protocol: 'modbus', kind: 'never-answer', on: 'writes', times: 1 });
    probe.sendRequest(writeFlow);
    const read = probe.sendRequest(readFlow);
    expect(await probe.next()).toMatchObject({ transactionId: read });
    expect(await flow()).toBe(1450);
    expect(plant.writes.applied('WFI.FIC.SP')).toHaveLength(1);
  });

  it('SIM-2: never answers, the write not even carried out', async () => {
    plant.faults.inject({ protocol: 'modbus', kind: 'never-answer', when: 'before-apply', times: 1 });
    probe.sendRequest(writeFlow);
    const read = probe.sendRequest(readFlow);
    expect(await probe.next()).toMatchObject({ transactionId: read });
    expect(await flow()).toBe(1200);
    expect(plant.writes.all()).toEqual([]);
  });

  it.each([
    ['before-apply', 1200, 0],
    ['after-apply', 1450, 1],
  ] as const)('SIM-2: drops the connection %s', async (when, expected, applied) => {
    plant.faults.inject({ protocol: 'modbus', kind: 'drop-connection', when });
    probe.sendRequest(writeFlow);
    expect(await probe.next()).toEqual({ kind: 'closed' });
    expect(await flow()).toBe(expected);
    expect(plant.writes.applied()).toHaveLength(applied);
  });

  it('SIM-2: drops the connection that asked, not its neighbour', async () => {
    const neighbour = await openModbusProbe(plant.modbusPort);
    plant.faults.inject({ protocol: 'modbus', kind: 'drop-connection', on: 'reads', times: 1 });
    probe.sendRequest(readFlow);
    expect(await probe.next()).toEqual({ kind: 'closed' });
    expect([...(await neighbour.ask(readFlow))]).toEqual([3, 2, 0x04, 0xb0]);
    neighbour.close();
  });

  it('SIM-2: answers garbage of the answer’s length', async () => {
    const raw = await new Promise<Buffer>((resolve, reject) => {
      plant.faults.inject({ protocol: 'modbus', kind: 'garbage-answer', times: 1 });
      import('node:net').then(({ connect }) => {
        const socket = connect(plant.modbusPort, '127.0.0.1', () =>
          socket.write(Buffer.from([0, 9, 0, 0, 0, 6, 1, ...readFlow])),
        );
        socket.on('error', reject);
        socket.on('data', (bytes) => {
          socket.destroy();
          resolve(bytes);
        });
      }, reject);
    });
    expect(raw).toHaveLength(11);
    expect(raw.readUInt16BE(2)).not.toBe(0);
  });

  it('SIM-2: answers with an exception and does not carry out', async () => {
    plant.faults.inject({ protocol: 'modbus', kind: 'exception', code: 6, on: 'writes' });
    expect([...(await probe.ask(writeFlow))]).toEqual([0x86, 6]);
    expect([...(await probe.ask(readFlow))]).toEqual([3, 2, 0x04, 0xb0]);
    expect(plant.writes.all()).toMatchObject([{ point: 'WFI.FIC.SP', status: 'refused', answer: 'exception 6' }]);
  });

  it('SIM-2: answers a write as done and ignores it', async () => {
    plant.faults.inject({ protocol: 'modbus', kind: 'ignore-write' });
    expect([...(await probe.ask(writeFlow))]).toEqual(writeFlow);
    expect(await flow()).toBe(1200);
    expect(plant.writes.all()).toMatchObject([{ status: 'ignored', value: 14.5 }]);
  });

  it('SIM-2: applies a write and puts the former value back', async () => {
    plant.faults.inject({ protocol: 'modbus', kind: 'revert-value', afterMs: 100, times: 1 });
    expect([...(await probe.ask(writeFlow))]).toEqual(writeFlow);
    await vi.waitFor(async () => expect(await flow()).toBe(1200), { timeout: patienceMs, interval: 20 });
    const shown = plant.shown.between('WFI.FIC.SP', 0, Number.POSITIVE_INFINITY).map(({ value }) => value);
    expect(shown.slice(-2)).toEqual([14.5, 12]);
  });

  it('SIM-2: a reversal is off when cleared, and when a later write overtakes it', async () => {
    plant.faults.inject({ protocol: 'modbus', kind: 'revert-value', afterMs: 30, times: 1 });
    await probe.ask(writeFlow);
    await probe.ask([6, 0, 2, 0x05, 0x78]);
    // A third of a second of physics later: far beyond the 30 ms.
    const seconds = Number(plant.plant.elapsedSeconds());
    await vi.waitFor(() => expect(plant.plant.elapsedSeconds()).toBeGreaterThan(seconds + 0.3), {
      timeout: patienceMs,
    });
    expect(await flow()).toBe(1400);
  });

  it('SIM-2: shows a written value only slowly', async () => {
    plant.faults.inject({ protocol: 'modbus', kind: 'settle-slowly', ms: 600_000, points: ['WFI.FIC.SP'] });
    await probe.ask(writeFlow);
    expect(await flow()).toBeLessThan(1325);
    aheadMs += 540_000;
    const between = await flow();
    expect(between).toBeGreaterThan(1325);
    expect(between).toBeLessThan(1450);
    aheadMs += 540_000;
    expect(await flow()).toBe(1450);
  });

  it('SIM-2: freezes a value while the plant goes on, and lets it go', async () => {
    plant.faults.inject({ protocol: 'modbus', kind: 'freeze-value', points: ['WFI.TIC.PV'] });
    const frozen = floatOf(await readRegisters(plant.modbusPort, 'input', 0, 2));
    plant.plant.write('WFI.TIC.SP', 90);
    plant.plant.step(30);
    expect(plant.plant.read('WFI.TIC.PV')).toBeGreaterThan(frozen + 1);
    expect(floatOf(await readRegisters(plant.modbusPort, 'input', 0, 2))).toBe(frozen);
    plant.faults.clear();
    expect(floatOf(await readRegisters(plant.modbusPort, 'input', 0, 2))).toBeGreaterThan(frozen + 1);
    plant.plant.write('WFI.TIC.SP', 80);
  });

  it('SIM-2: refuses new connections and keeps those it has', async () => {
    // A connection counts once the server took it, not while it waits in the system's queue.
    await probe.ask(readFlow);
    plant.faults.inject({ protocol: 'modbus', kind: 'refuse-connections' });
    const refused = await openModbusProbe(plant.modbusPort);
    expect(await refused.next()).toEqual({ kind: 'closed' });
    plant.faults.clear();
    expect([...(await probe.ask(readFlow))]).toEqual([3, 2, 0x04, 0xb0]);
  });

  it.each([
    ['own', 1],
    ['next', 2],
  ] as const)('SIM-2: answers late, under the %s transaction', async (transactionId, expected) => {
    plant.faults.inject({ protocol: 'modbus', kind: 'late-answer', transactionId, times: 1 });
    const first = probe.sendRequest(readFlow);
    expect(await probe.next(60)).toEqual({ kind: 'silent' });
    const second = probe.sendRequest(readTemperature);
    expect([first, second]).toEqual([1, 2]);
    const late = await probe.next();
    expect(late).toMatchObject({ kind: 'answer', transactionId: expected });
    expect(late.kind === 'answer' && [...late.pdu]).toEqual([3, 2, 0x04, 0xb0]);
    const own = await probe.next();
    expect(own).toMatchObject({ kind: 'answer', transactionId: 2 });
    expect(own.kind === 'answer' && own.pdu.length).toBe(6);
  });

  it('SIM-2: drops every connection at once, as a controller that loses power', async () => {
    await probe.ask(readFlow);
    plant.dropConnections();
    expect(await probe.next()).toEqual({ kind: 'closed' });
    expect(await flow()).toBe(1200);
  });
});
