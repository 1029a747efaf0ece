// Values, data types and quality, declared once for gateway and HMI (DRV-5).
// A bad value may still carry the last number for display; NaN and infinities never leave a driver: quality bad, value null.
import { z } from 'zod';

export const dataTypes = [
  'bool',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int64',
  'uint64',
  'float32',
  'float64',
  'string',
] as const;
export type DataType = (typeof dataTypes)[number];

/** 64-bit integers are decimal strings, so that no reader loses digits. */
export const tagValueSchema = z.union([z.number(), z.boolean(), z.string().max(4096), z.null()]);
export type TagValue = number | boolean | string | null;

/** Order matters: the index is the code in live frames, and a greater index is a worse quality. */
export const qualities = ['good', 'uncertain', 'bad'] as const;
export const qualitySchema = z.enum(qualities);
export type Quality = (typeof qualities)[number];

/** Why a value is not good; the index is the code in live frames, so this list only grows at its end. */
export const qualityReasons = [
  'none',
  'never-read',
  'connection-lost',
  'no-answer',
  'device-error',
  'source-bad',
  'source-uncertain',
  'not-a-number',
  'source-time-absurd',
  'not-vouched-for',
  'wrong-type',
] as const;
export const qualityReasonSchema = z.enum(qualityReasons);
export type QualityReason = (typeof qualityReasons)[number];

/** True when `left` is a worse quality than `right`. */
export function isWorse(left: Quality, right: Quality): boolean {
  return qualities.indexOf(left) > qualities.indexOf(right);
}
