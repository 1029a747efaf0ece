import { expect, it } from 'vitest';
import { ownEvents, perTokenAndMinute } from '../../../gateway/audit/own-events.ts';
import { areaIdSchema } from '../../../gateway/contract/ids.ts';
import type { TokenBearer } from '../../../gateway/identity/access-token.ts';

const area = areaIdSchema.parse('upstream');
const token = (id: string): TokenBearer => ({
  actor: { id: `token:${id}`, name: id, printedName: id },
  address: '127.0.0.1',
  scopes: ['post-events'],
  mayActIn: () => true,
});

it('AUD-9: a script that runs wild is stopped at its share of a minute, without a record; others are not', async () => {
  let nowMs = 1_000_000;
  const kinds: string[] = [];
  const post = ownEvents({
    now: () => nowMs,
    append: async ({ kind }) => ({ seq: kinds.push(kind) - 1, time: '2026-01-01T00:00:00.000000Z', digest: '' }),
    plant: { areas: [{ id: area, name: 'Upstream', parent: null, screen: null }], tags: [] },
    languages: [],
    events: new Map(),
  });
  const noise = { event: 'noise.made', area };
  for (let count = 0; count < perTokenAndMinute; count++) expect((await post(token('a'), noise)).ok).toBe(true);
  expect(await post(token('a'), noise)).toMatchObject({ ok: false, code: 'too-many-requests' });
  expect((await post(token('b'), noise)).ok).toBe(true);
  expect(kinds).toHaveLength(perTokenAndMinute + 1);
  nowMs += 60_000;
  expect((await post(token('a'), noise)).ok).toBe(true);
});
