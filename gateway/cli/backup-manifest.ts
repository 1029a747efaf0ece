// What a backup says of itself (docs/backup.md, "The file"): the manifest at its beginning, the sums at its end.
// Written by backup.ts; read, and checked as anything from outside, by restore.ts.
import { z } from 'zod';
import { timeSchema } from '../contract/ids.ts';

export const manifestName = 'manifest.json';
export const endName = 'end.json';
export const filesFolder = 'files/';
export const tablesFolder = 'tables/';

const name = z.string().regex(/^[a-z_][a-z0-9_]{0,62}$/);

export const manifestSchema = z.strictObject({
  format: z.literal('countersign-backup'),
  version: z.literal(1),
  createdAt: timeSchema,
  /** Version of the program that wrote it. */
  program: z.string(),
  mode: z.enum(['demo', 'production']),
  origin: z.string().min(1).max(256),
  /** The log's public key as the data folder pins it. Convenience only: trust comes from a copy kept elsewhere. */
  vkey: z.string().nullable(),
  schemaVersion: z.int().positive(),
  /** Records `first` to `size` - 1; `checkpoint` is the signed head of exactly `size` records. */
  log: z.strictObject({ first: z.int().nonnegative(), size: z.int().positive(), checkpoint: z.string() }),
  /** Whether keys and other secrets of the data folder are in it. */
  keys: z.boolean(),
  tables: z
    .array(
      z.strictObject({
        name,
        columns: z.array(z.strictObject({ name, type: z.string().max(200) })).min(1),
        order: z.array(name),
      }),
    )
    .min(1),
});
export type Manifest = z.infer<typeof manifestSchema>;

export const endSchema = z.strictObject({
  /** By table: number of rows, and hex SHA-256 of its binary COPY stream. */
  tables: z.record(name, z.strictObject({ rows: z.int().nonnegative(), sha256: z.string().regex(/^[0-9a-f]{64}$/) })),
});
export type End = z.infer<typeof endSchema>;
