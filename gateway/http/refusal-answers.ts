// How a route answers a refusal that the core returned as a value, and how it documents its problems. Used by the
// route modules; statuses and texts are problem-answers.ts's.
import type { z } from 'zod';
import { GatewayError, problemSchema, type Refusal } from '../contract/problem.ts';

/** What was allowed, or the refusal thrown with the record that holds it, so that it is not recorded twice. */
export function orRefuse<T extends { readonly ok: true }>(answer: T | Refusal): T {
  if (answer.ok) return answer;
  throw asError(answer);
}

export function asError({ code, detail, field, record, current }: Refusal): GatewayError {
  return new GatewayError(code, detail, { field, record, current });
}

type ProblemResponse = {
  readonly description: string;
  readonly content: { readonly 'application/problem+json': { readonly schema: z.ZodType } };
};

/** For `schema.response`: RFC 9457, the same for every refusal; `description` names the codes worth knowing. */
export function problems(description = 'A refusal or fault (RFC 9457), with a stable code'): {
  readonly '4xx': ProblemResponse;
  readonly '5xx': ProblemResponse;
} {
  const content = { 'application/problem+json': { schema: problemSchema } } as const;
  return {
    '4xx': { description, content },
    '5xx': { description: 'log-unavailable, starting, internal-fault', content },
  };
}
