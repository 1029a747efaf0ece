// `/screens/<name>.svg`: the process screens that the configuration names, and no other file. Served so that a browser
// runs nothing that might stand in them.
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { MayDo } from '../../commands/ports.ts';
import { GatewayError } from '../../contract/problem.ts';
import type { Area } from '../../plant/tag.ts';
import { asError } from '../refusal-answers.ts';
import { type Application, callerOf } from '../route-access.ts';

export type ScreenRouteParts = {
  /** Screen name → file, as the configuration was checked. */
  readonly screens: ReadonlyMap<string, string>;
  readonly areas: readonly Area[];
  readonly mayDo: MayDo;
};

export function screenRoutes(app: Application, parts: ScreenRouteParts): void {
  app.get(
    '/api/v1/screens/:file',
    {
      config: { access: 'session' },
      schema: {
        tags: ['plant'],
        summary: 'A process screen as SVG',
        params: z.strictObject({ file: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}\.svg$/) }),
      },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      const name = request.params.file.replace(/\.svg$/, '');
      const path = parts.screens.get(name);
      if (path === undefined) throw new GatewayError('not-found', 'There is no such screen.');
      const answers = parts.areas
        .filter((area) => area.screen === name)
        .map((area) => parts.mayDo(caller, 'view', area.id));
      const refusal = answers.find((answer) => !answer.ok);
      if (!answers.some((answer) => answer.ok) && refusal !== undefined && !refusal.ok) throw asError(refusal);
      return reply
        .header('content-type', 'image/svg+xml; charset=utf-8')
        .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox")
        .send(await readFile(path));
    },
  );
}
