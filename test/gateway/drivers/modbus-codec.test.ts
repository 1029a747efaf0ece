import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  modbusAddressSchema,
  orders,
  type RegisterType,
  registerTypes,
} from '../../../gateway/drivers/modbus/address.ts';
import { decodeRegisters, encodeRegisters } from '../../../gateway/drivers/modbus/codec.ts';

const integers: Partial<Record<RegisterType, readonly [number, number]>> = {
  int16: [-32768, 32767],
  uint16: [0, 65535],
  int32: [-2147483648, 2147483647],
  uint32: [0, 4294967295],
};

function anyOf(type: RegisterType): fc.Arbitrary<number | bigint> {
  const range = integers[type];
  if (range !== undefined) return fc.integer({ min: range[0], max: range[1] });
  if (type === 'float32') return fc.float({ noNaN: true, noDefaultInfinity: true });
  if (type === 'float64') return fc.double({ noNaN: true, noDefaultInfinity: true });
  return type === 'int64'
    ? fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    : fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
}

describe('the register codec', () => {
  for (const type of registerTypes) {
    for (const wordOrder of orders) {
      for (const byteOrder of orders) {
        it(`DRV-4: decodes what it encoded: ${type}, words ${wordOrder}, bytes ${byteOrder}`, () => {
          fc.assert(
            fc.property(anyOf(type), (value) => {
              const layout = { type, wordOrder, byteOrder };
              const registers = encodeRegisters(layout, value);
              expect(registers).not.toBeNull();
              expect(Object.is(decodeRegisters(layout, registers ?? []), value)).toBe(true);
            }),
          );
        });
      }
    }
  }

  it('DRV-4: lays words and bytes as each order says', () => {
    // 80.0 as IEEE 754 single is 42 A0 00 00.
    const at = (wordOrder: (typeof orders)[number], byteOrder: (typeof orders)[number]) =>
      encodeRegisters({ type: 'float32', wordOrder, byteOrder }, 80);
    expect(at('high-first', 'high-first')).toEqual([0x42a0, 0x0000]);
    expect(at('low-first', 'high-first')).toEqual([0x0000, 0x42a0]);
    expect(at('high-first', 'low-first')).toEqual([0xa042, 0x0000]);
    expect(at('low-first', 'low-first')).toEqual([0x0000, 0xa042]);
    const wide = { type: 'uint64', wordOrder: 'low-first', byteOrder: 'high-first' } as const;
    expect(encodeRegisters(wide, 0x0001_0002_0003_0004n)).toEqual([4, 3, 2, 1]);
  });

  it('DRV-4: encodes nothing that the type cannot hold', () => {
    const as = (type: RegisterType, value: number | bigint | boolean | string) =>
      encodeRegisters({ type, wordOrder: 'high-first', byteOrder: 'high-first' }, value);
    expect(as('int16', 32768)).toBeNull();
    expect(as('uint16', -1)).toBeNull();
    expect(as('uint16', 1.5)).toBeNull();
    expect(as('uint32', 2 ** 32)).toBeNull();
    expect(as('float32', 1e39)).toBeNull();
    expect(as('float32', Number.NaN)).toBeNull();
    expect(as('float64', Number.POSITIVE_INFINITY)).toBeNull();
    expect(as('int64', 2n ** 63n)).toBeNull();
    expect(as('int64', 1)).toBeNull();
    expect(as('uint16', true)).toBeNull();
    expect(as('uint16', '5')).toBeNull();
  });

  it('DRV-4: does not read beyond the reply', () => {
    const layout = { type: 'float32', wordOrder: 'high-first', byteOrder: 'high-first' } as const;
    expect(() => decodeRegisters(layout, [1], 0)).toThrow(RangeError);
    expect(() => decodeRegisters(layout, [1, 2], 1)).toThrow(RangeError);
  });
});

describe('a Modbus address', () => {
  const refused: readonly [string, unknown][] = [
    ['a register type for a coil', { table: 'coil', register: 0, type: 'uint16' }],
    ['a boolean in a register', { table: 'holding', register: 0, type: 'bool' }],
    ['a register beyond the last', { table: 'holding', register: 65536, type: 'uint16' }],
    ['a value that runs beyond the last', { table: 'holding', register: 65535, type: 'float32' }],
    ['an unknown field', { table: 'coil', register: 0, unit: 3 }],
    ['an unknown order', { table: 'input', register: 0, type: 'float32', wordOrder: 'middle' }],
  ];
  for (const [what, address] of refused) {
    it(`DRV-4: is refused: ${what}`, () => {
      expect(modbusAddressSchema.safeParse(address).success).toBe(false);
    });
  }
});
