// /api/v1/areas: the areas that the session may view, with the process screen of each.
import type { MayDo } from '../../commands/ports.ts';
import { areaListViewSchema } from '../../contract/tag.ts';
import type { Plant } from '../../plant/tag.ts';
import { problems } from '../refusal-answers.ts';
import { type Application, callerOf } from '../route-access.ts';

export type AreaParts = { readonly plant: Plant; readonly mayDo: MayDo };

export function areaRoutes(app: Application, { plant, mayDo }: AreaParts): void {
  app.get(
    '/api/v1/areas',
    {
      config: { access: 'session' },
      schema: {
        tags: ['areas'],
        summary: 'Areas that the session may view',
        description:
          'Areas nest; a parent that may not be viewed itself is not listed, its id still stands in `parent`.',
        response: { 200: areaListViewSchema, ...problems('not-signed-in') },
      },
    },
    async (request) => {
      const caller = callerOf(request);
      const seen = plant.areas.filter(({ id }) => mayDo(caller, 'view', id).ok);
      return { areas: seen.map(({ id, name, parent, screen }) => ({ id, name, parent, screen })) };
    },
  );
}
