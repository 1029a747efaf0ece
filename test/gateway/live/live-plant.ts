// A small plant for tests of the live values: a site with two areas in it and five tags.
import { areaIdSchema, connectionIdSchema, tagIdSchema } from '../../../gateway/contract/ids.ts';
import type { DataType } from '../../../gateway/contract/values.ts';
import type { Sample } from '../../../gateway/plant/sample.ts';
import type { Area, Connection, Plant, Tag } from '../../../gateway/plant/tag.ts';

const area = (id: string, parent: string | null): Area => ({
  id: areaIdSchema.parse(id),
  name: id,
  parent: parent === null ? null : areaIdSchema.parse(parent),
  screen: null,
});
export const site = area('site', null);
export const upstream = area('upstream', 'site');
export const utilities = area('utilities', 'site');
const connection: Connection = {
  id: connectionIdSchema.parse('plc'),
  protocol: 'opcua',
  endpoint: 'test',
  options: {},
  lostAfterMs: 2000,
};

function tag(index: number, id: string, where: Area, dataType: DataType): Tag {
  return {
    index,
    id: tagIdSchema.parse(id),
    area: where.id,
    connection: connection.id,
    description: id,
    dataType,
    unit: '',
    decimals: 1,
    states: null,
    range: null,
    scaling: null,
    address: {},
    deviceAddress: id,
    setpoint: null,
  };
}
export const temperature = tag(0, 'TIC.PV', upstream, 'float32');
export const batch = tag(1, 'BATCH', upstream, 'string');
export const pump = tag(2, 'PUMP.RUN', utilities, 'bool');
export const total = tag(3, 'TOTAL', utilities, 'uint64');
export const pressure = tag(4, 'PIC.PV', site, 'float64');

export const plant: Plant = {
  name: 'test',
  timeZone: 'UTC',
  demo: true,
  areas: [site, upstream, utilities],
  connections: [connection],
  tags: [temperature, batch, pump, total, pressure],
};

export function good(of: Tag, value: Sample['value'], sourceTimeMs: number): Sample {
  return { index: of.index, value, quality: 'good', reason: 'none', sourceTimeMs };
}
