// The Modbus TCP server over real sockets: the register map, function codes, ranges, framing, and clients that misbehave.
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { floatOf, openModbusProbe, readRegisters, startTestPlant, type TestPlant } from '../../support/plant.ts';
import { patienceMs } from '../../support/until.ts';

let plant: TestPlant;
beforeAll(async () => {
  plant = await startTestPlant({ opcua: false });
});
afterAll(() => plant?.close());
beforeEach(() => {
  plant.writes.clear();
  plant.plant.write('WFI.TIC.SP', 80);
  plant.plant.write('WFI.FIC.SP', 12);
  plant.plant.write('WFI.PUMP.CMD', true);
});

/** Sends one PDU over a connection of its own and returns the answer's bytes. */
async function ask(pdu: readonly number[], unit?: number): Promise<number[]> {
  const probe = await openModbusProbe(plant.modbusPort);
  try {
    return [...(await probe.ask(pdu, unit))];
  } finally {
    probe.close();
  }
}

const float81 = [0x42, 0xa2, 0, 0];
const float96 = [0x42, 0xc0, 0, 0];

describe('the simulated Modbus controller', () => {
  it('SIM-1: shows the water loop in the agreed registers, encodings and word orders', async () => {
    const holding = await readRegisters(plant.modbusPort, 'holding', 0, 3);
    expect(floatOf(holding)).toBe(80);
    expect(holding[2]).toBe(1200);
    const secondsBefore = Number(plant.plant.read('WFI.SECONDS'));
    const input = await readRegisters(plant.modbusPort, 'input', 0, 12);
    expect(floatOf(input)).toBeCloseTo(80, 0);
    expect(Math.abs((input[2] ?? 0) - 1200)).toBeLessThan(10);
    expect(Math.abs((input[3] ?? 0) - 740)).toBeLessThan(40);
    expect(floatOf([input[5] ?? 0, input[4] ?? 0])).toBeCloseTo(0.6, 1);
    expect(input.slice(6, 10)).toEqual([0, 0, 0, 0]);
    const seconds = (input[10] ?? 0) * 65536 + (input[11] ?? 0);
    expect(seconds).toBeGreaterThanOrEqual(secondsBefore);
    expect(seconds).toBeLessThanOrEqual(Number(plant.plant.read('WFI.SECONDS')));
    expect(await ask([1, 0, 0, 0, 1])).toEqual([1, 1, 1]);
    expect(await ask([2, 0, 0, 0, 2])).toEqual([2, 1, 0b01]);
  });

  it('SIM-1: lives: the counter and the measured values move by themselves', async () => {
    const before = await readRegisters(plant.modbusPort, 'input', 10, 2);
    await vi.waitFor(async () => expect(await readRegisters(plant.modbusPort, 'input', 10, 2)).not.toEqual(before), {
      timeout: patienceMs,
      interval: 50,
    });
  });

  it('SIM-1: takes a float by FC 16 and logs it', async () => {
    expect(await ask([16, 0, 0, 0, 2, 4, ...float81])).toEqual([16, 0, 0, 0, 2]);
    expect(plant.plant.read('WFI.TIC.SP')).toBe(81);
    expect(plant.writes.all()).toMatchObject([
      { protocol: 'modbus', point: 'WFI.TIC.SP', value: 81, status: 'applied', answer: 'Good' },
    ]);
  });

  it('SIM-1: takes a register by FC 6, a coil by FC 5 and coils by FC 15', async () => {
    expect(await ask([6, 0, 2, 0x05, 0xaa])).toEqual([6, 0, 2, 0x05, 0xaa]);
    expect(plant.plant.read('WFI.FIC.SP')).toBe(Math.fround(14.5));
    expect(await readRegisters(plant.modbusPort, 'holding', 2, 1)).toEqual([1450]);
    expect(await ask([5, 0, 0, 0, 0])).toEqual([5, 0, 0, 0, 0]);
    expect(plant.plant.read('WFI.PUMP.CMD')).toBe(false);
    expect(await ask([15, 0, 0, 0, 1, 1, 1])).toEqual([15, 0, 0, 0, 1]);
    expect(plant.plant.read('WFI.PUMP.CMD')).toBe(true);
  });

  it('SIM-1: masks a register by FC 22', async () => {
    // 1200 = 0x04b0; keep all but the low byte, set it to 0x0f.
    expect(await ask([22, 0, 2, 0xff, 0x00, 0x00, 0x0f])).toEqual([22, 0, 2, 0xff, 0x00, 0x00, 0x0f]);
    expect(await readRegisters(plant.modbusPort, 'holding', 2, 1)).toEqual([0x040f]);
  });

  it('SIM-1: several points of one request are all written or none', async () => {
    // A good flow beside a temperature out of range.
    expect(await ask([16, 0, 0, 0, 3, 6, ...float96, 0x05, 0xaa])).toEqual([0x90, 3]);
    expect(plant.plant.read('WFI.TIC.SP')).toBe(80);
    expect(plant.plant.read('WFI.FIC.SP')).toBe(12);
    expect(plant.writes.all().map(({ point, status }) => [point, status])).toEqual([
      ['WFI.TIC.SP', 'refused'],
      ['WFI.FIC.SP', 'refused'],
    ]);
    expect(await ask([16, 0, 0, 0, 3, 6, ...float81, 0x05, 0xaa])).toEqual([16, 0, 0, 0, 3]);
    expect([plant.plant.read('WFI.TIC.SP'), plant.plant.read('WFI.FIC.SP')]).toEqual([81, 14.5]);
  });

  it.each([
    ['a temperature above the range', [16, 0, 0, 0, 2, 4, ...float96], 3, 'WFI.TIC.SP'],
    ['a temperature that is not a number', [16, 0, 0, 0, 2, 4, 0x7f, 0xc0, 0, 0], 3, 'WFI.TIC.SP'],
    ['half a float that makes nonsense', [6, 0, 0, 0x7f, 0xff], 3, 'WFI.TIC.SP'],
    ['a flow above the range', [6, 0, 2, 0x09, 0xc5], 3, 'WFI.FIC.SP'],
    ['an address beyond the holding registers', [6, 0, 3, 0, 1], 2, 'holding 3'],
    ['a coil that does not exist', [5, 0, 1, 0xff, 0], 2, 'coil 1'],
  ])('SIM-1: refuses %s, logs it and changes nothing', async (_, pdu, code, point) => {
    expect(await ask(pdu)).toEqual([(pdu[0] ?? 0) | 0x80, code]);
    expect(plant.plant.read('WFI.TIC.SP')).toBe(80);
    expect(plant.plant.read('WFI.FIC.SP')).toBe(12);
    expect(plant.writes.all()).toMatchObject([{ point, status: 'refused', answer: `exception ${code}` }]);
  });

  it.each([
    ['reading past the end', [3, 0, 0, 0, 4], 2],
    ['reading no registers', [3, 0, 0, 0, 0], 3],
    ['reading more than 125 registers', [4, 0, 0, 0, 126], 3],
    ['reading more than 2000 bits', [1, 0, 0, 0x07, 0xd1], 3],
    ['a coil value that is neither on nor off', [5, 0, 0, 0x12, 0x34], 3],
    ['a byte count that does not fit', [16, 0, 0, 0, 2, 3, 0, 0, 0], 3],
    ['a truncated request', [3, 0, 0], 3],
    ['an unknown function', [43, 14, 1, 0], 1],
  ])('SIM-1: answers %s with its exception', async (_, pdu, code) => {
    expect(await ask(pdu)).toEqual([(pdu[0] ?? 0) | 0x80, code]);
    expect(plant.writes.all()).toEqual([]);
  });

  it('SIM-1: answers other units with exception 11, or not at all where set so', async () => {
    expect(await ask([3, 0, 0, 0, 1], 2)).toEqual([0x83, 0x0b]);
    const silent = await startTestPlant({ opcua: false, otherUnits: 'silence' });
    try {
      const probe = await openModbusProbe(silent.modbusPort);
      probe.sendRequest([3, 0, 0, 0, 1], 2);
      const answered = probe.sendRequest([3, 0, 0, 0, 1], 1);
      expect(await probe.next()).toMatchObject({ kind: 'answer', transactionId: answered, unit: 1 });
      probe.close();
    } finally {
      await silent.close();
    }
  });

  it('SIM-1: answers pipelined requests each under its own transaction, cut however the network cuts them', async () => {
    const probe = await openModbusProbe(plant.modbusPort);
    const frame = (id: number): number[] => [0, id, 0, 0, 0, 6, 1, 3, 0, 2, 0, 1];
    const bytes = Buffer.from([...frame(1), ...frame(2), ...frame(3)]);
    probe.send(bytes.subarray(0, 5));
    probe.send(bytes.subarray(5, 17));
    probe.send(bytes.subarray(17));
    for (const id of [1, 2, 3]) {
      const answer = await probe.next();
      expect(answer).toMatchObject({ kind: 'answer', transactionId: id });
    }
    probe.close();
  });

  it.each([
    ['another protocol identifier', [0, 1, 0, 1, 0, 6, 1, 3, 0, 0, 0, 1]],
    ['a length beyond a frame', [0, 1, 0, 0, 1, 0, 1, 3, 0, 0, 0, 1]],
    ['a length of nothing', [0, 1, 0, 0, 0, 1, 1]],
  ])('SIM-1: closes a connection that sends %s', async (_, bytes) => {
    const probe = await openModbusProbe(plant.modbusPort);
    probe.send(Buffer.from(bytes));
    expect(await probe.next()).toEqual({ kind: 'closed' });
  });

  it('SIM-1: survives clients that vanish in the middle of a request', async () => {
    for (let i = 0; i < 20; i += 1) {
      const probe = await openModbusProbe(plant.modbusPort);
      probe.send(Buffer.from([0, 1, 0, 0, 0, 6, 1, 3]));
      probe.close();
    }
    expect(await readRegisters(plant.modbusPort, 'holding', 2, 1)).toEqual([1200]);
    await vi.waitFor(() => expect(plant.connections()).toBe(0), { timeout: patienceMs });
  });

  it('SIM-1: stops without an open socket and returns on the same port with the same plant', async () => {
    const other = await startTestPlant({ opcua: false });
    try {
      const probe = await openModbusProbe(other.modbusPort);
      await probe.ask([6, 0, 2, 0x05, 0xaa]);
      await other.stop();
      expect(await probe.next()).toEqual({ kind: 'closed' });
      await expect(openModbusProbe(other.modbusPort)).rejects.toThrow(/ECONNREFUSED/);
      await other.restart();
      expect(await readRegisters(other.modbusPort, 'holding', 2, 1)).toEqual([1450]);
    } finally {
      await other.close();
    }
  });
});
