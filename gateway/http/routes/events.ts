// `POST /events`: what other systems report, as records (AUD-9), with an access token. `GET /messages`: the plant's own words
// for kinds of records, for whoever shows the trail.
import type { EventBody } from '../../contract/event.ts';
import { eventAnswerSchema, eventBodySchema } from '../../contract/event.ts';
import { type MessageWords, messageWordsSchema } from '../../contract/message-template.ts';
import type { Refusal } from '../../contract/problem.ts';
import type { TokenBearer } from '../../identity/access-token.ts';
import { orRefuse, problems } from '../refusal-answers.ts';
import { type Application, machineOf } from '../route-access.ts';

export type EventParts = {
  readonly post: (
    machine: TokenBearer,
    body: EventBody,
  ) => Promise<
    | {
        readonly ok: true;
        readonly posted: {
          readonly record: number;
          readonly time: string;
          readonly message: string;
          readonly language: string | null;
        };
      }
    | Refusal
  >;
  readonly words: MessageWords;
};

export function eventRoutes(app: Application, parts: EventParts): void {
  app.post(
    '/api/v1/events',
    {
      config: { access: 'machine', scope: 'post-events', refusalKind: 'event.refused' },
      schema: {
        tags: ['events'],
        summary: 'Report an event; it becomes a record of the audit log',
        description:
          'With `Authorization: Bearer <token>`, scope `post-events`. About a tag or an area of the token. Durable when it is answered; a request that is repeated is recorded again. Words for it come from `messages.yaml`; without any, `language` is null.',
        body: eventBodySchema.meta({
          examples: [{ event: 'batch.started', area: 'upstream', fields: { batch: 'B-1042', product: 'mAb-7' } }],
        }),
        response: {
          201: eventAnswerSchema,
          ...problems('token-invalid, scope-missing, right-missing, tag-unknown, too-many-requests'),
        },
      },
    },
    async (request, reply) => {
      const { posted } = orRefuse(await parts.post(machineOf(request), request.body));
      return reply.code(201).send(posted);
    },
  );

  app.get(
    '/api/v1/messages',
    {
      config: { access: 'session' },
      schema: {
        tags: ['audit'],
        summary: 'The plant’s own words for kinds of records, by language; the plant’s language first',
        response: { 200: messageWordsSchema, ...problems('not-signed-in') },
      },
    },
    async () => parts.words,
  );
}
