// Builds people, passwords, sessions and terminals on log and database; in the demo, its accounts. Called by main.ts.
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import type { PostgresLog } from '../audit/postgres-log.ts';
import { fileSecret } from '../identity/file-secret.ts';
import { createPasswordHasher } from '../identity/password-hash.ts';
import { openPeople, type People } from '../identity/people.ts';
import { postgresProjections } from '../identity/postgres-projections.ts';
import { openArgon2Workers } from '../identity/worker-argon2.ts';
import type { GatewayOptions } from '../main.ts';

/** Rejects with the system's error where the password key is missing while accounts exist. */
export async function openThePeople(
  options: GatewayOptions,
  log: PostgresLog,
  pool: pg.Pool,
  now: () => number,
  reportFault: (context: string, fault: unknown) => void,
  undo: (() => Promise<void> | void)[],
): Promise<People> {
  const { settings } = options;
  const { plant } = settings;
  const hasAccounts = log.standingSubjects().some((subject) => subject.startsWith('account:'));
  const pepper = await fileSecret(join(options.dataFolder, 'keys', 'password.key'), !hasAccounts);
  const threads = availableParallelism();
  const argon2id = openArgon2Workers(threads);
  undo.push(() => argon2id.close());
  const people = await openPeople({
    now,
    tick: () => performance.now(),
    append: log.append,
    lookUpStanding: log.lookUpStanding,
    table: postgresProjections(pool),
    hasher: createPasswordHasher(pepper, { atOnce: threads, maxWaiting: 64 }, argon2id.derive),
    areas: plant.areas,
    groups: settings.groups,
    plant: { name: plant.name, timeZone: plant.timeZone, demo: plant.demo },
    sessions: { idleMs: settings.sessions.idleMinutes * 60_000, longestMs: settings.sessions.longestHours * 3_600_000 },
    passwords: settings.passwords,
    lockout: { atTerminalAfter: settings.lockout.atTerminalAfter, everywhereAfter: settings.lockout.everywhereAfter },
    reportFault,
  });
  if (plant.demo)
    await people.ensureAccounts(settings.demoAccounts, {
      password: options.demoPassword.value,
      isDemoDefault: options.demoPassword.isDefault,
      renew: true,
    });
  return people;
}
