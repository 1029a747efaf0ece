// /api/v1/tags and /api/v1/connections: definitions with latest values, the last minutes for small trends, and the
// state of each PLC's connection. Shows only what the session may view (LIV-2). It reads memory alone.
import { z } from 'zod';
import { isWritable, type WritableTag } from '../../commands/checks.ts';
import type { Caller, MayDo, Now, ReadLatest } from '../../commands/ports.ts';
import { type AreaId, areaIdSchema, type TagId, tagIdSchema } from '../../contract/ids.ts';
import { refuse } from '../../contract/problem.ts';
import type { Requires } from '../../contract/statement.ts';
import {
  type ConnectionView,
  connectionListSchema,
  type Recent,
  recentSchema,
  type TagView,
  tagListSchema,
  tagViewSchema,
} from '../../contract/tag.ts';
import { areaWithDescendants } from '../../plant/areas.ts';
import type { Plant, Tag } from '../../plant/tag.ts';
import { orRefuse, problems } from '../refusal-answers.ts';
import { type Application, callerOf } from '../route-access.ts';
import { type TagSource, tagView } from '../tag-view.ts';

export type TagParts = {
  readonly plant: Plant;
  readonly readLatest: ReadLatest;
  readonly readRecent: (tags: readonly Tag[]) => Recent;
  readonly connections: () => readonly ConnectionView[];
  readonly mayDo: MayDo;
  readonly now: Now;
  /** Outcomes of a tag that nobody knows and nobody has resolved (CMD-6). */
  readonly unresolved?: TagSource['unresolved'];
  /** What the first signature for the tag must bring in the caller's session; `alone`: by break-glass (CMD-13). */
  readonly firstSignature: (caller: Caller, tag: WritableTag, alone: boolean) => Requires;
};

/** Tags in one request of small trends. */
const recentTags = 50;

export function tagRoutes(app: Application, parts: TagParts): void {
  const { plant, mayDo } = parts;
  const byId = new Map<TagId, Tag>(plant.tags.map((tag) => [tag.id, tag]));
  const source = { tags: byId, readLatest: parts.readLatest, now: parts.now, unresolved: parts.unresolved };

  /** Refuses tag-unknown, and whatever keeps the caller from viewing it. */
  function viewable(caller: Caller, id: TagId): Tag {
    const tag = byId.get(id);
    if (tag === undefined) return orRefuse<never>(refuse('tag-unknown', `There is no tag ${id}.`));
    orRefuse(mayDo(caller, 'view', tag.area));
    return tag;
  }

  /** Rights are asked once an area, not once a tag: a plant has thousands. */
  function viewOf(caller: Caller): (tag: Tag) => TagView | null {
    const answers = new Map<AreaId, { readonly view: boolean; readonly refusal: string | null }>();
    return (tag) => {
      let answer = answers.get(tag.area);
      if (answer === undefined) {
        const command = mayDo(caller, 'command', tag.area);
        answer = { view: mayDo(caller, 'view', tag.area).ok, refusal: command.ok ? null : command.detail };
        answers.set(tag.area, answer);
      }
      return answer.view ? tagView(tag, source, answer.refusal) : null;
    };
  }

  app.get(
    '/api/v1/tags',
    {
      config: { access: 'session' },
      schema: {
        tags: ['tags'],
        summary: 'Tags of an area and all that lies within it, or of all areas',
        querystring: z.strictObject({ area: areaIdSchema.optional() }),
        response: { 200: tagListSchema, ...problems('not-signed-in') },
      },
    },
    async (request) => {
      const { area } = request.query;
      const within = area === undefined ? null : new Set(areaWithDescendants(plant.areas, area));
      if (within?.size === 0) orRefuse(refuse('not-found', `There is no area ${area}.`));
      const view = viewOf(callerOf(request));
      const chosen = plant.tags.filter((tag) => within === null || within.has(tag.area));
      return { tags: chosen.map(view).filter((tag) => tag !== null) };
    },
  );

  app.get(
    '/api/v1/tags/recent',
    {
      config: { access: 'session' },
      schema: {
        tags: ['tags'],
        summary: 'The last minutes of some numeric tags, for small trends',
        querystring: z.strictObject({
          ids: z
            .string()
            .max(recentTags * 129)
            .transform((ids) => ids.split(','))
            .pipe(z.array(tagIdSchema).min(1).max(recentTags))
            .meta({
              description: `1 to ${recentTags} tag ids, separated by commas`,
              examples: ['BR101.TIC.SP,BR101.TIC.PV'],
            }),
        }),
        response: { 200: recentSchema, ...problems('tag-unknown, right-missing') },
      },
    },
    async (request) => {
      const caller = callerOf(request);
      return parts.readRecent(request.query.ids.map((id) => viewable(caller, id)));
    },
  );

  app.get(
    '/api/v1/tags/:id',
    {
      config: { access: 'session' },
      schema: {
        tags: ['tags'],
        summary: 'One tag: definition, limits and latest value',
        params: z.object({ id: tagIdSchema }),
        response: { 200: tagViewSchema, ...problems('tag-unknown, right-missing') },
      },
    },
    async (request) => {
      const caller = callerOf(request);
      const tag = viewable(caller, request.params.id);
      const command = mayDo(caller, 'command', tag.area);
      const view = tagView(tag, source, command.ok ? null : command.detail);
      if (view.setpoint === null || !command.ok || !isWritable(tag)) return view;
      const signing = parts.firstSignature(caller, tag, false);
      const alone = view.setpoint.breakGlass === true ? { signingAlone: parts.firstSignature(caller, tag, true) } : {};
      return { ...view, setpoint: { ...view.setpoint, signing, ...alone } };
    },
  );

  app.get(
    '/api/v1/connections',
    {
      config: { access: 'session' },
      schema: {
        tags: ['connections'],
        summary: 'State of the connection to each PLC',
        response: { 200: connectionListSchema, ...problems('not-signed-in') },
      },
    },
    async (request) => {
      const caller = callerOf(request);
      const seen = new Set(
        plant.tags.filter(({ area }) => mayDo(caller, 'view', area).ok).map((tag) => tag.connection),
      );
      return { connections: parts.connections().filter(({ id }) => seen.has(id)) };
    },
  );
}
