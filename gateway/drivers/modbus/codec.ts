// Registers to numbers and back: one codec for reading and writing, every word and byte order (DRV-4). Pure.
// Modbus itself fixes only the order of the two bytes within a register on the wire (high first); what several
// registers mean together is each vendor's choice, hence `wordOrder` and `byteOrder`.
import type { RawValue } from '../engineering-value.ts';
import { registersOf, type WordAddress } from './address.ts';

type Layout = Pick<WordAddress, 'type' | 'wordOrder' | 'byteOrder'>;

/** Decodes as many registers (0 to 65535 each) as the type has, from `offset`. Throws RangeError when there are fewer. */
export function decodeRegisters(layout: Layout, registers: readonly number[], offset = 0): number | bigint {
  const count = registersOf[layout.type];
  const view = new DataView(new ArrayBuffer(8));
  for (let i = 0; i < count; i++) {
    const register = registers[offset + (layout.wordOrder === 'high-first' ? i : count - 1 - i)];
    if (register === undefined) throw new RangeError(`register ${offset + i} is missing`);
    view.setUint16(i * 2, register, layout.byteOrder === 'low-first');
  }
  switch (layout.type) {
    case 'int16':
      return view.getInt16(0);
    case 'uint16':
      return view.getUint16(0);
    case 'int32':
      return view.getInt32(0);
    case 'uint32':
      return view.getUint32(0);
    case 'float32':
      return view.getFloat32(0);
    case 'int64':
      return view.getBigInt64(0);
    case 'uint64':
      return view.getBigUint64(0);
    case 'float64':
      return view.getFloat64(0);
  }
}

/** The registers that hold `raw`; null when the type cannot hold it exactly (float32: within its own precision). */
export function encodeRegisters(layout: Layout, raw: RawValue): number[] | null {
  const view = new DataView(new ArrayBuffer(8));
  if (!put(view, layout.type, raw)) return null;
  const count = registersOf[layout.type];
  const registers: number[] = [];
  for (let i = 0; i < count; i++) {
    const at = layout.wordOrder === 'high-first' ? i : count - 1 - i;
    registers.push(view.getUint16(at * 2, layout.byteOrder === 'low-first'));
  }
  return registers;
}

function put(view: DataView, type: Layout['type'], raw: RawValue): boolean {
  if (type === 'int64' || type === 'uint64') {
    if (typeof raw !== 'bigint') return false;
    if (type === 'int64') view.setBigInt64(0, raw);
    else view.setBigUint64(0, raw);
    return (type === 'int64' ? view.getBigInt64(0) : view.getBigUint64(0)) === raw;
  }
  if (typeof raw !== 'number' || !Number.isFinite(raw)) return false;
  switch (type) {
    case 'int16':
      view.setInt16(0, raw);
      return view.getInt16(0) === raw;
    case 'uint16':
      view.setUint16(0, raw);
      return view.getUint16(0) === raw;
    case 'int32':
      view.setInt32(0, raw);
      return view.getInt32(0) === raw;
    case 'uint32':
      view.setUint32(0, raw);
      return view.getUint32(0) === raw;
    case 'float32':
      view.setFloat32(0, raw);
      return Number.isFinite(view.getFloat32(0));
    case 'float64':
      view.setFloat64(0, raw);
      return true;
  }
}
