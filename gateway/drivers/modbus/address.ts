// Modbus options and addresses as configuration gives them, parsed once (settings/ calls these schemas). Never talks.
import { z } from 'zod';
import type { WritePlace } from '../../plant/write-place.ts';
import { deviceOf } from '../device-name.ts';

export const tables = ['holding', 'input', 'coil', 'discrete'] as const;
export type Table = (typeof tables)[number];

export const registerTypes = ['int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64', 'float32', 'float64'] as const;
export type RegisterType = (typeof registerTypes)[number];
export const orders = ['high-first', 'low-first'] as const;
export type Order = (typeof orders)[number];

export const registersOf: Readonly<Record<RegisterType, number>> = {
  int16: 1,
  uint16: 1,
  int32: 2,
  uint32: 2,
  float32: 2,
  int64: 4,
  uint64: 4,
  float64: 4,
};

const endpointPattern = /^tcp:\/\/(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})$/;

export const modbusOptionsSchema = z.strictObject({
  /** `tcp://host:port`; an IPv6 address in brackets. */
  endpoint: z
    .string()
    .regex(endpointPattern, 'write it as tcp://host:port')
    .refine((text) => portOf(text) >= 1 && portOf(text) <= 65535, 'the port is 1 to 65535'),
  unit: z.int().min(1).max(247).default(1),
  pollIntervalMs: z.int().min(10).max(3_600_000).default(250),
  requestTimeoutMs: z.int().min(50).max(60_000).default(1000),
  /** Transactions under way at once; many devices answer only one. */
  maxOutstanding: z.int().min(1).max(16).default(1),
  /** Registers of no interest that a request may read along (bits: sixteen times as many). */
  maxGapRegisters: z.int().min(0).max(120).default(8),
});
export type ModbusOptions = z.infer<typeof modbusOptionsSchema>;

const bitAddressSchema = z.strictObject({
  table: z.enum(['coil', 'discrete']),
  register: z.int().min(0).max(65535),
  type: z.literal('bool').default('bool'),
});
const wordAddressSchema = z
  .strictObject({
    table: z.enum(['holding', 'input']),
    /** From 0, as on the wire: 40001 of old notation is holding 0. */
    register: z.int().min(0).max(65535),
    type: z.enum(registerTypes),
    wordOrder: z.enum(orders).default('high-first'),
    byteOrder: z.enum(orders).default('high-first'),
  })
  .refine((address) => address.register + registersOf[address.type] <= 65536, {
    error: 'the value runs beyond register 65535',
    path: ['register'],
  });
export const modbusAddressSchema = z.discriminatedUnion('table', [bitAddressSchema, wordAddressSchema]);
export type ModbusAddress = z.infer<typeof modbusAddressSchema>;
export type WordAddress = z.infer<typeof wordAddressSchema>;

/** Registers or bits that the address covers. */
export function lengthOf(address: ModbusAddress): number {
  return address.type === 'bool' ? 1 : registersOf[address.type];
}

/** `holding:0`; null where Modbus cannot write. */
export function modbusDeviceAddress(address: ModbusAddress): string | null {
  return address.table === 'holding' || address.table === 'coil' ? `${address.table}:${address.register}` : null;
}

/** In bits, so that a bit of a register and the register meet: register 2 of two registers is bits 32 to 63. */
export function modbusWritePlace(options: ModbusOptions, address: ModbusAddress): WritePlace | null {
  if (address.table === 'input' || address.table === 'discrete') return null;
  const bits = address.table === 'holding' ? 16 : 1;
  const first = address.register * bits;
  const device = `${deviceOf(options.endpoint)} unit ${options.unit}`;
  return { device, space: address.table, first, last: first + lengthOf(address) * bits - 1 };
}

export function hostAndPort(endpoint: string): { readonly host: string; readonly port: number } {
  const host = endpointPattern.exec(endpoint)?.[1] ?? '';
  return { host: host.replace(/^\[|\]$/g, ''), port: portOf(endpoint) };
}

function portOf(endpoint: string): number {
  return Number(endpointPattern.exec(endpoint)?.[2] ?? 0);
}
