// The points that the simulated devices offer: names, types, units, ranges and what the device itself accepts.
// Read by the process models' assembly and by both servers, which add their addresses. Holds no values.

export type PointValue = number | boolean | string;
export type DeviceProtocol = 'opcua' | 'modbus';

export type Point = {
  readonly name: string;
  readonly protocol: DeviceProtocol;
  readonly type: 'float' | 'integer' | 'boolean' | 'text';
  readonly description: string;
  readonly unit: string;
  /** Display range in engineering units; null where it makes no sense. */
  readonly range: { readonly low: number; readonly high: number } | null;
  /** What the device accepts, ends included; `'any'`: everything its type holds; null: not writable. */
  readonly accepts: { readonly min: number; readonly max: number } | 'any' | null;
};

type Row = readonly [
  name: string,
  type: Point['type'],
  unit: string,
  range: readonly [number, number] | null,
  accepts: readonly [number, number] | 'any' | null,
  description: string,
];

const bioreactorRows: readonly Row[] = [
  ['BR101.TIC.SP', 'float', '°C', [20, 50], [20, 50], 'Bioreactor temperature setpoint'],
  ['BR101.TIC.PV', 'float', '°C', [0, 60], null, 'Bioreactor temperature'],
  ['BR101.TIC.OUT', 'float', '%', [0, 100], null, 'Jacket valve position'],
  ['BR101.TIC.MODE', 'integer', '', [0, 1], [0, 1], 'Temperature controller mode: 0 manual, 1 automatic'],
  ['BR101.PH.SP', 'float', 'pH', [2, 12], [2, 12], 'Bioreactor pH setpoint'],
  ['BR101.PH.PV', 'float', 'pH', [2, 12], null, 'Bioreactor pH'],
  ['BR101.DO.SP', 'float', '%', [0, 100], [0, 100], 'Dissolved oxygen setpoint'],
  ['BR101.DO.PV', 'float', '%', [0, 100], null, 'Dissolved oxygen'],
  ['BR101.SIC.SP', 'float', 'rpm', [0, 300], [0, 300], 'Agitator speed setpoint'],
  ['BR101.SIC.PV', 'float', 'rpm', [0, 300], null, 'Agitator speed'],
  ['BR101.PIC.PV', 'float', 'bar', [0, 2], null, 'Head space pressure'],
  ['BR101.LIC.PV', 'float', '%', [0, 100], null, 'Bioreactor level'],
  ['BR101.PHASE', 'integer', '', [0, 4], null, 'Phase: 0 idle, 1 inoculation, 2 growth, 3 production, 4 harvest'],
  ['BR101.BATCH', 'text', '', null, null, 'Batch in the bioreactor'],
];

const waterRows: readonly Row[] = [
  ['WFI.TIC.SP', 'float', '°C', [60, 95], [60, 95], 'Loop temperature setpoint'],
  ['WFI.TIC.PV', 'float', '°C', [0, 100], null, 'Loop temperature'],
  ['WFI.FIC.SP', 'float', 'm³/h', [0, 25], [0, 25], 'Loop flow setpoint'],
  ['WFI.FIC.PV', 'float', 'm³/h', [0, 25], null, 'Loop flow'],
  ['WFI.LIC.PV', 'float', '%', [0, 100], null, 'Tank level'],
  ['WFI.COND.PV', 'float', 'µS/cm', [0, 5], null, 'Conductivity'],
  ['WFI.SECONDS', 'integer', 's', null, null, 'Seconds since the controller started'],
  ['WFI.PUMP.CMD', 'boolean', '', null, 'any', 'Loop pump command'],
  ['WFI.PUMP.RUN', 'boolean', '', null, null, 'Loop pump runs'],
  ['WFI.LIC.LOW', 'boolean', '', null, null, 'Tank level low: interlock stops the pump'],
];

const toPoint =
  (protocol: DeviceProtocol) =>
  ([name, type, unit, range, accepts, description]: Row): Point => ({
    name,
    protocol,
    type,
    description,
    unit,
    range: range === null ? null : { low: range[0], high: range[1] },
    accepts: accepts === null || accepts === 'any' ? accepts : { min: accepts[0], max: accepts[1] },
  });

export const demoPoints: readonly Point[] = [
  ...bioreactorRows.map(toPoint('opcua')),
  ...waterRows.map(toPoint('modbus')),
];
