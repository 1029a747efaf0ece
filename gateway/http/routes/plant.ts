// `/plant`: what the sign-in page needs before anybody is known; open to all, so it holds nothing else.
import { type PlantView, plantViewSchema } from '../../contract/session.ts';
import { problems } from '../refusal-answers.ts';
import type { Application } from '../route-access.ts';

export function plantRoutes(app: Application, plant: PlantView): void {
  app.get(
    '/api/v1/plant',
    {
      config: { access: 'open' },
      schema: {
        tags: ['plant'],
        summary: 'Name, time zone and, in the demo, its accounts',
        response: { 200: plantViewSchema, ...problems() },
      },
    },
    async () => plant,
  );
}
