// `review:` of gateway.yaml (AUD-8): the plant's working hours and what counts as near a limit. Its schema, and the step to what
// the review goes by. Called by schemas.ts and load.ts.
import { z } from 'zod';

const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
const clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/);

export const reviewSettingsSchema = z.strictObject({
  /** In the plant's time; what people do outside of them deserves a look. */
  workingHours: z
    .strictObject({
      from: clock.default('06:00'),
      to: clock.default('22:00'),
      days: z
        .array(z.enum(days))
        .min(1)
        .default([...days]),
    })
    .refine(({ from, to }) => from < to, { error: 'ends before it begins' })
    .prefault({}),
  /** Of a setpoint's span. */
  nearLimitPercent: z.number().min(0).max(50).default(5),
});

export type ReviewSettings = {
  readonly workingHours: { readonly days: readonly number[]; readonly fromMinute: number; readonly toMinute: number };
  readonly nearLimitPercent: number;
};

export function buildReview({ workingHours, nearLimitPercent }: z.infer<typeof reviewSettingsSchema>): ReviewSettings {
  return {
    nearLimitPercent,
    workingHours: {
      // ISO 8601: Monday is 1.
      days: workingHours.days.map((day) => days.indexOf(day) + 1),
      fromMinute: minuteOf(workingHours.from),
      toMinute: minuteOf(workingHours.to),
    },
  };
}

function minuteOf(time: string): number {
  const [hours, minutes] = time.split(':').map(Number);
  return (hours ?? 0) * 60 + (minutes ?? 0);
}
