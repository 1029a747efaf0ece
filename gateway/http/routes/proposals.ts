// `POST /api/v1/proposals`: another system proposes a setpoint (CMD-10). An access token with the scope `propose` may do
// this and no more: the value waits among the commands until a person signs or declines. Decided by commands/desk.ts.
import type { Desk } from '../../commands/desk.ts';
import { proposalAnswerSchema, proposalBodySchema } from '../../contract/command.ts';
import { orRefuse, problems } from '../refusal-answers.ts';
import { type Application, machineOf } from '../route-access.ts';

export function proposalRoutes(app: Application, { desk }: { readonly desk: Pick<Desk, 'propose'> }): void {
  app.post(
    '/api/v1/proposals',
    {
      config: { access: 'machine', scope: 'propose', refusalKind: 'proposal.refused' },
      schema: {
        tags: ['proposals'],
        summary: 'Propose a setpoint; a person signs or declines it',
        description:
          'With `Authorization: Bearer <token>`, scope `propose`. The same value for the same tag again is the same proposal; another value takes its place.',
        body: proposalBodySchema.meta({
          examples: [
            { tagId: 'BR101.TIC.SP', value: 37.5, origin: 'MES, batch B-1042, step 7', reference: 'WO-88121' },
          ],
        }),
        response: {
          201: proposalAnswerSchema,
          ...problems(
            'token-invalid, scope-missing, tag-unknown, right-missing, tag-not-writable, value-wrong-type, value-out-of-range, too-many-requests',
          ),
        },
      },
    },
    async (request, reply) => {
      const { proposal } = orRefuse(await desk.propose(machineOf(request), request.body));
      return reply.code(201).send(proposal);
    },
  );
}
