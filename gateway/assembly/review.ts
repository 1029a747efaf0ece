// Puts the review of the trail together (AUD-8): log, database, people, and the plant's rules for what deserves a look.
// Called by main.ts.
import type pg from 'pg';
import type { PostgresLog } from '../audit/postgres-log.ts';
import { reviewReading } from '../audit/postgres-review.ts';
import { createReviewing, type Reviewing } from '../audit/reviewing.ts';
import type { People } from '../identity/people.ts';
import type { Settings } from '../settings/load.ts';
import { createSignedActions } from '../signing/signed-actions.ts';
import type { ConfigurationInForce, SignerChecks } from '../signing/signer.ts';
import { readingFrom } from './reading.ts';

export function openTheReview(needs: {
  readonly settings: Settings;
  readonly log: PostgresLog;
  readonly pool: pg.Pool;
  readonly people: People;
  readonly checks: SignerChecks;
  readonly configuration: ConfigurationInForce;
  readonly now: () => number;
}): Reviewing {
  const { settings, log, pool, people, checks, now } = needs;
  return createReviewing({
    now,
    append: log.append,
    actions: createSignedActions(people, checks, needs.configuration),
    plant: settings.plant,
    rules: { ...settings.review, timeZone: settings.plant.timeZone },
    checkpoint: () => {
      const [, size, root] = log.checkpoint()?.split('\n') ?? [];
      return size === undefined || root === undefined ? null : { size: Number(size), root };
    },
    ...reviewReading(readingFrom(pool)),
  });
}
