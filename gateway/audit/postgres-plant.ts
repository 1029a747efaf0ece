// The plant as the log's own configuration record says it: name, time zone, and which tags lie in an area. For the command
// line, which reads a database without the configuration's folder (AUD-6).
import { z } from 'zod';
import { type AreaId, areaIdSchema } from '../contract/ids.ts';
import { tagsWithin } from '../plant/areas.ts';
import type { RunQuery } from './postgres-change.ts';

const documentSchema = z.object({
  gateway: z.object({ plant: z.object({ name: z.string(), timeZone: z.string() }) }),
  areas: z.object({ areas: z.array(z.object({ id: areaIdSchema, parent: areaIdSchema.nullable().default(null) })) }),
  tags: z.object({ tags: z.array(z.object({ id: z.string(), area: areaIdSchema })) }),
});

export type RecordedPlant = {
  readonly name: string;
  readonly timeZone: string;
  /** Tags of the area and those within it; null for an area that there is not. */
  readonly tagsOf: (area: AreaId) => readonly string[] | null;
};

/** Null where no configuration was ever recorded, or one that this program cannot read. */
export async function recordedPlant(run: RunQuery): Promise<RecordedPlant | null> {
  const found = await run(`SELECT document FROM projection WHERE subject = 'configuration'`);
  const row = found.rows[0] as { document: string } | undefined;
  const parsed = documentSchema.safeParse(row === undefined ? null : JSON.parse(row.document));
  if (!parsed.success) return null;
  const { gateway, areas, tags } = parsed.data;
  return {
    ...gateway.plant,
    tagsOf: (area) => tagsWithin({ ...areas, ...tags }, area),
  };
}
