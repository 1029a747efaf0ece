// Which requests read all points with the fewest round trips (DRV-3). Pure; called by modbus/driver.ts.
import type { Table } from './address.ts';

/** PDU limits of FC 1/2 and FC 3/4: Modbus Application Protocol V1.1b3, 6.1 to 6.4. */
export const maxRegisters = 125;
export const maxBits = 2000;

export type Point = {
  readonly tag: number;
  readonly table: Table;
  readonly register: number;
  /** Registers or bits. */
  readonly length: number;
};
export type ReadRequest = {
  readonly table: Table;
  readonly register: number;
  readonly length: number;
  readonly points: readonly Point[];
};

/**
 * Covers every point by exactly one request. A request never crosses tables, never exceeds the PDU limit and never
 * reads more than `maxGapRegisters` registers (bits: 16 times as many) between two points. Taking from the lowest
 * address as much as the limits allow is least in number, since requests are intervals of bounded length.
 */
export function planReads(points: readonly Point[], maxGapRegisters: number): ReadRequest[] {
  const requests: ReadRequest[] = [];
  const sorted = [...points].sort(
    (left, right) =>
      left.table.localeCompare(right.table) || left.register - right.register || left.length - right.length,
  );
  let group: Point[] = [];
  let start = 0;
  let end = 0;
  const close = (): void => {
    const first = group[0];
    if (first !== undefined) requests.push({ table: first.table, register: start, length: end - start, points: group });
  };
  for (const point of sorted) {
    const bits = point.table === 'coil' || point.table === 'discrete';
    const limit = bits ? maxBits : maxRegisters;
    const gap = bits ? maxGapRegisters * 16 : maxGapRegisters;
    const pointEnd = point.register + point.length;
    const fits =
      group[0]?.table === point.table && point.register - end <= gap && Math.max(end, pointEnd) - start <= limit;
    if (!fits) {
      close();
      group = [];
      start = point.register;
      end = point.register;
    }
    group.push(point);
    end = Math.max(end, pointEnd);
  }
  close();
  return requests;
}

/** The same points, each read by a request of its own: for a block that the device refuses as a whole. */
export function apart(request: ReadRequest): ReadRequest[] {
  return request.points.map((point) => ({
    table: point.table,
    register: point.register,
    length: point.length,
    points: [point],
  }));
}
