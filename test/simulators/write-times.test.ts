// The write log and the shown values tell one story, however slow the machine is between two looks at the clock: the fault
// run's judge takes a value that stands before its write for one that came by itself.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type ModbusProbe,
  type OpcUaProbe,
  openModbusProbe,
  openOpcUaProbe,
  startTestPlant,
  type TestPlant,
} from '../support/plant.ts';

let plant: TestPlant;
let modbus: ModbusProbe;
let opcua: OpcUaProbe;
beforeAll(async () => {
  let looks = 0;
  // Ten milliseconds pass from each look at the clock to the next.
  const nowMs = (): number => {
    looks += 1;
    return Date.now() + 10 * looks;
  };
  plant = await startTestPlant({ nowMs });
  modbus = await openModbusProbe(plant.modbusPort);
  opcua = await openOpcUaProbe(plant.opcuaEndpoint, plant.dataFolder);
});
afterAll(async () => {
  modbus?.close();
  await opcua?.close();
  await plant?.close();
});

describe('the time of a write', () => {
  it('SIM-2: over Modbus, it is not later than the first showing of its value', async () => {
    modbus.sendRequest([6, 0, 2, 0x05, 0xaa]);
    await modbus.next();
    expect(shownBeforeWrite('WFI.FIC.SP', 14.5)).toEqual([]);
  });

  it('SIM-2: over OPC UA, it is not later than the first showing of its value', async () => {
    await opcua.write('BR101.TIC.SP', 38);
    expect(shownBeforeWrite('BR101.TIC.SP', 38)).toEqual([]);
  });
});

function shownBeforeWrite(point: string, value: number): readonly unknown[] {
  const [write] = plant.writes.applied(point);
  if (write === undefined) throw new Error(`${point} was not written`);
  const shows = (toMs: number) => plant.shown.between(point, 0, toMs).filter((one) => one.value === value);
  expect(shows(Number.POSITIVE_INFINITY)).toHaveLength(1);
  return shows(write.at - 1);
}
