// Where the water loop's points lie in the controller's four Modbus tables, and how registers become values and back.
// Called by server.ts. Writes are all or nothing: each point that a request touches is judged before any is changed.
import type { Device, DeviceVerdict } from '../device.ts';
import type { PointValue } from '../plant/points.ts';
import { illegalAddress, illegalValue, type Table } from './request.ts';

type Encoding = 'float32-high-first' | 'float32-low-first' | 'uint32-high-first' | 'uint16' | 'bit';

type Row = {
  readonly table: Table;
  readonly address: number;
  readonly point: string;
  readonly encoding: Encoding;
  /** Engineering units per raw step, for uint16. */
  readonly step?: number;
};

/** The map of docs: what a PLC programmer would hand over. */
export const registerRows: readonly Row[] = [
  { table: 'holding', address: 0, point: 'WFI.TIC.SP', encoding: 'float32-high-first' },
  { table: 'holding', address: 2, point: 'WFI.FIC.SP', encoding: 'uint16', step: 0.01 },
  { table: 'input', address: 0, point: 'WFI.TIC.PV', encoding: 'float32-high-first' },
  { table: 'input', address: 2, point: 'WFI.FIC.PV', encoding: 'uint16', step: 0.01 },
  { table: 'input', address: 3, point: 'WFI.LIC.PV', encoding: 'uint16', step: 0.1 },
  { table: 'input', address: 4, point: 'WFI.COND.PV', encoding: 'float32-low-first' },
  { table: 'input', address: 10, point: 'WFI.SECONDS', encoding: 'uint32-high-first' },
  { table: 'coil', address: 0, point: 'WFI.PUMP.CMD', encoding: 'bit' },
  { table: 'discrete', address: 0, point: 'WFI.PUMP.RUN', encoding: 'bit' },
  { table: 'discrete', address: 1, point: 'WFI.LIC.LOW', encoding: 'bit' },
];

/** Addresses from 0 up to here exist. Input registers 6 to 9 are spare and read 0, as spare registers of a PLC do. */
const tableLength: Record<Table, number> = { holding: 3, input: 12, coil: 1, discrete: 2 };

const wordsOf = (row: Row): number => (row.encoding.includes('32') ? 2 : 1);

export type PointWrite = { readonly point: string; readonly value: PointValue };

export type WriteAnswer = {
  /** Null: done, or answered as done. */
  readonly exception: number | null;
  readonly writes: readonly (PointWrite & { readonly verdict: DeviceVerdict['verdict'] | 'not-tried' })[];
};

export type RegisterMap = {
  /** Points that lie wholly or partly in the addresses. */
  readonly pointsIn: (table: Table, address: number, count: number) => string[];
  /** Null: an address in there does not exist. */
  readonly readWords: (table: 'holding' | 'input', address: number, count: number) => number[] | null;
  readonly readBits: (table: 'coil' | 'discrete', address: number, count: number) => boolean[] | null;
  readonly writeWords: (address: number, words: readonly number[]) => WriteAnswer;
  readonly writeBits: (address: number, bits: readonly boolean[]) => WriteAnswer;
};

export function createRegisterMap(device: Device): RegisterMap {
  const rowsIn = (table: Table, address: number, count: number): Row[] =>
    registerRows.filter(
      (row) => row.table === table && row.address < address + count && row.address + wordsOf(row) > address,
    );
  const exists = (table: Table, address: number, count: number): boolean => address + count <= tableLength[table];

  const readWords = (table: 'holding' | 'input', address: number, count: number): number[] | null => {
    if (!exists(table, address, count)) return null;
    const words = new Array<number>(count).fill(0);
    for (const row of rowsIn(table, address, count)) {
      encode(row, device.read(row.point)).forEach((word, i) => {
        const at = row.address + i - address;
        if (at >= 0 && at < count) words[at] = word;
      });
    }
    return words;
  };

  const apply = (wanted: readonly PointWrite[]): WriteAnswer => {
    if (wanted.some(({ point, value }) => device.judge(point, value) !== 'applied')) {
      const writes = wanted.map((write) => {
        const verdict = device.judge(write.point, write.value);
        return { ...write, verdict: verdict === 'applied' ? ('not-tried' as const) : verdict };
      });
      return { exception: illegalValue, writes };
    }
    const writes = wanted.map((write) => ({ ...write, verdict: device.write(write.point, write.value).verdict }));
    return { exception: null, writes };
  };

  return {
    pointsIn: (table, address, count) => rowsIn(table, address, count).map((row) => row.point),
    readWords,
    readBits: (table, address, count) => {
      if (!exists(table, address, count)) return null;
      const bits = new Array<boolean>(count).fill(false);
      for (const row of rowsIn(table, address, count)) bits[row.address - address] = device.read(row.point) === true;
      return bits;
    },
    writeWords: (address, words) => {
      if (!exists('holding', address, words.length)) return { exception: illegalAddress, writes: [] };
      const wanted = rowsIn('holding', address, words.length).map((row) => {
        // Half of a two-register value may be written alone: the other half stays, as in a PLC's memory.
        const held = encode(row, device.read(row.point));
        return {
          point: row.point,
          value: decode(
            row,
            held.map((word, i) => words[row.address + i - address] ?? word),
          ),
        };
      });
      return apply(wanted);
    },
    writeBits: (address, bits) => {
      if (!exists('coil', address, bits.length)) return { exception: illegalAddress, writes: [] };
      return apply(
        rowsIn('coil', address, bits.length).map((row) => ({
          point: row.point,
          value: bits[row.address - address] === true,
        })),
      );
    },
  };
}

function encode(row: Row, value: PointValue): number[] {
  const bytes = Buffer.alloc(4);
  switch (row.encoding) {
    case 'float32-high-first':
      bytes.writeFloatBE(Number(value));
      return [bytes.readUInt16BE(0), bytes.readUInt16BE(2)];
    case 'float32-low-first':
      bytes.writeFloatBE(Number(value));
      return [bytes.readUInt16BE(2), bytes.readUInt16BE(0)];
    case 'uint32-high-first':
      bytes.writeUInt32BE(Number(value) % 0x1_0000_0000);
      return [bytes.readUInt16BE(0), bytes.readUInt16BE(2)];
    case 'uint16':
      return [Math.min(0xffff, Math.max(0, Math.round(Number(value) / (row.step ?? 1))))];
    case 'bit':
      return [value === true ? 1 : 0];
  }
}

function decode(row: Row, words: readonly number[]): PointValue {
  const bytes = Buffer.alloc(4);
  const [first = 0, second = 0] = words;
  switch (row.encoding) {
    case 'float32-high-first':
      bytes.writeUInt16BE(first, 0);
      bytes.writeUInt16BE(second, 2);
      return bytes.readFloatBE();
    case 'float32-low-first':
      bytes.writeUInt16BE(second, 0);
      bytes.writeUInt16BE(first, 2);
      return bytes.readFloatBE();
    case 'uint32-high-first':
      return first * 0x1_0000 + second;
    case 'uint16':
      // Divided, not multiplied: 1450 / 100 is 14.5, while 1450 × 0.01 has binary dust.
      return first / Math.round(1 / (row.step ?? 1));
    case 'bit':
      return first !== 0;
  }
}
