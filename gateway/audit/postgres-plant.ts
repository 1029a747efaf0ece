// The plant as the log's own configuration record says it: name, time zone, its own words, and which tags lie in an area. For the command
// line, which reads a database without the configuration's folder (AUD-6).
import { z } from 'zod';
import { type AreaId, areaIdSchema } from '../contract/ids.ts';
import type { MessageWords } from '../contract/message-template.ts';
import { subjectsWithin } from '../plant/areas.ts';
import type { RunQuery } from './postgres-change.ts';

const wordsSchema = z.record(z.string(), z.string());
const documentSchema = z.object({
  messages: z
    .object({ languages: z.array(z.string()), records: z.array(z.object({ kind: z.string(), words: wordsSchema })) })
    .optional(),
  gateway: z.object({ plant: z.object({ name: z.string(), timeZone: z.string() }) }),
  areas: z.object({ areas: z.array(z.object({ id: areaIdSchema, parent: areaIdSchema.nullable().default(null) })) }),
  tags: z.object({ tags: z.array(z.object({ id: z.string(), area: areaIdSchema })) }),
});

export type RecordedPlant = {
  readonly name: string;
  readonly timeZone: string;
  /** The plant's own words for kinds of records (AUD-9). */
  readonly words: MessageWords;
  /** Tags and areas within the area; null for an area that there is not. */
  readonly subjectsOf: (area: AreaId) => readonly string[] | null;
};

/** Null where no configuration was ever recorded, or one that this program cannot read. */
export async function recordedPlant(run: RunQuery): Promise<RecordedPlant | null> {
  const found = await run(`SELECT document FROM projection WHERE subject = 'configuration'`);
  const row = found.rows[0] as { document: string } | undefined;
  const parsed = documentSchema.safeParse(row === undefined ? null : JSON.parse(row.document));
  if (!parsed.success) return null;
  const { gateway, areas, tags, messages } = parsed.data;
  return {
    ...gateway.plant,
    words: {
      languages: messages?.languages ?? [],
      records: Object.fromEntries(messages?.records.map(({ kind, words }) => [kind, words]) ?? []),
    },
    subjectsOf: (area) => subjectsWithin({ ...areas, ...tags }, area),
  };
}
