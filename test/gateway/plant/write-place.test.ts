import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { modbusAddressSchema, modbusOptionsSchema, modbusWritePlace } from '../../../gateway/drivers/modbus/address.ts';
import { opcuaAddressSchema, opcuaOptionsSchema, opcuaWritePlace } from '../../../gateway/drivers/opcua/address.ts';
import { meetings, unclear, type WritePlace } from '../../../gateway/plant/write-place.ts';

const plc = modbusOptionsSchema.parse({ endpoint: 'tcp://plc:502' });
const server = opcuaOptionsSchema.parse({ endpoint: 'opc.tcp://plc:4840' });
const register = (options: typeof plc, address: unknown) =>
  modbusWritePlace(options, modbusAddressSchema.parse(address));
const node = (nodeId: string) => opcuaWritePlace(server, opcuaAddressSchema.parse({ nodeId }));

function meet(...places: readonly (WritePlace | null)[]): boolean {
  return meetings(places.flatMap((place, order) => (place === null ? [] : [{ place, order }]))).length > 0;
}

describe('places that writable tags share', () => {
  it('CMD-7: registers meet where their values reach into each other, coils only in the same bit', () => {
    const long = register(plc, { table: 'holding', register: 10, type: 'float64' });
    for (const at of [8, 9, 14]) {
      const other = register(plc, { table: 'holding', register: at, type: at === 9 ? 'float32' : 'uint16' });
      expect([at, meet(long, other)]).toEqual([at, at === 9]);
    }
    expect(meet(long, register(plc, { table: 'holding', register: 13, type: 'int16' }))).toBe(true);
    expect(meet(register(plc, { table: 'coil', register: 3 }), register(plc, { table: 'coil', register: 4 }))).toBe(
      false,
    );
    expect(meet(register(plc, { table: 'coil', register: 3 }), register(plc, { table: 'coil', register: 3 }))).toBe(
      true,
    );
    expect(register(plc, { table: 'input', register: 3, type: 'int16' })).toBeNull();
  });

  it('CMD-7: two connections to one unit share its registers, two units do not', () => {
    const at = { table: 'holding', register: 1, type: 'uint16' };
    expect(meet(register(plc, at), register({ ...plc, endpoint: 'tcp://PLC:502', pollIntervalMs: 1000 }, at))).toBe(
      true,
    );
    expect(meet(register(plc, at), register({ ...plc, unit: 2 }, at))).toBe(false);
  });

  it('CMD-7: a device is the same however its endpoint is spelt', () => {
    const at = { table: 'holding', register: 1, type: 'uint16' };
    const ends = (left: string, right: string) =>
      meet(register({ ...plc, endpoint: left }, at), register({ ...plc, endpoint: right }, at));
    for (const other of [
      'localhost:502',
      'LOCALHOST:502',
      'localhost.:502',
      '[::1]:502',
      '[0:0:0:0:0:0:0:1]:502',
      '127.1:0502',
    ])
      expect(ends('tcp://127.0.0.1:502', `tcp://${other}`), other).toBe(true);
    expect(ends('tcp://[FE80::0:1]:502', 'tcp://[fe80::1]:502')).toBe(true);
    expect(ends('tcp://plc.:502', 'tcp://PLC:502')).toBe(true);
    expect(ends('tcp://plc_1:502', 'tcp://PLC_1:502')).toBe(true);
    for (const other of ['127.0.0.1:503', '127.0.0.2:502', 'plc:502'])
      expect(ends('tcp://127.0.0.1:502', `tcp://${other}`), other).toBe(false);
    const nodes = (endpoint: string) =>
      opcuaWritePlace(opcuaOptionsSchema.parse({ endpoint }), opcuaAddressSchema.parse({ nodeId: 'ns=2;s=A' }));
    expect(meet(nodes('opc.tcp://plc:4840'), nodes('opc.tcp://PLC:4840/'))).toBe(true);
    expect(meet(nodes('opc.tcp://localhost:4840/UA/Server'), nodes('opc.tcp://127.0.0.1:4840'))).toBe(true);
    expect(meet(nodes('opc.tcp://plc:4840'), nodes('opc.tcp://plc:4841'))).toBe(false);
  });

  it('CMD-7: a node is the same however it is spelt', () => {
    expect(meet(node('ns=2;b=YQ=='), node('ns=2;b=YQ'))).toBe(true);
    expect(meet(node('ns=0;i=85'), node('i=085'))).toBe(true);
    expect(meet(node('nsu=http://opcfoundation.org/UA/;i=85'), node('i=85'))).toBe(true);
    expect(meet(node('ns=02;s=A'), node('ns=2;s=A'))).toBe(true);
    expect(
      meet(node('ns=2;g=0000000A-0000-0000-0000-000000000000'), node('ns=2;g=0000000a-0000-0000-0000-000000000000')),
    ).toBe(true);
    expect(meet(node('ns=2;s=A'), node('ns=3;s=A'))).toBe(false);
    expect(meet(node('ns=2;s=a'), node('ns=2;s=A'))).toBe(false);
    expect(meet(node('ns=2;s=85'), node('ns=2;i=85'))).toBe(false);
  });

  it('CMD-7: a node named once by URI and once by index is told to be unclear, whichever comes first', () => {
    const of = (...ids: readonly string[]) =>
      unclear(ids.map((id, order) => ({ place: node(id), order }))).map(({ item, met }) => [item.order, met.order]);
    expect(of('nsu=urn:plant;s=A', 'ns=2;s=A')).toEqual([[1, 0]]);
    expect(of('ns=2;i=85', 'ns=3;i=85', 'nsu=urn:plant;i=085')).toEqual([[2, 0]]);
    expect(of('nsu=urn:plant;s=A', 'nsu=urn:other;s=A', 'ns=2;s=B')).toEqual([]);
    // Namespace 0 is told by both its names.
    expect(of('nsu=http://opcfoundation.org/UA/;i=85', 'nsu=urn:plant;i=85', 'i=85')).toEqual([]);
  });

  it('CMD-7: finds a meeting exactly where two places share something, and names a later one of the file', () => {
    const place = fc
      .record({
        space: fc.constantFrom('a', 'b'),
        first: fc.integer({ min: 0, max: 30 }),
        size: fc.integer({ min: 1, max: 6 }),
      })
      .map(({ space, first, size }): WritePlace => ({ device: 'd', space, first, last: first + size - 1 }));
    fc.assert(
      fc.property(fc.array(place, { maxLength: 12 }), (places) => {
        const items = places.map((one, order) => ({ place: one, order }));
        const share = (left: WritePlace, right: WritePlace) =>
          left.space === right.space && left.first <= right.last && right.first <= left.last;
        const found = meetings(items);
        for (const { item, met } of found) {
          expect(share(item.place, met.place)).toBe(true);
          expect(item.order).toBeGreaterThan(met.order);
        }
        // Whoever begins inside another one is found; so all are apart exactly when nothing is.
        const anywhere = items.some((left) =>
          items.some((right) => left.order < right.order && share(left.place, right.place)),
        );
        expect(found.length > 0).toBe(anywhere);
      }),
    );
  });
});
