// The answers that every route may give besides its own: problem+json, for the routes' schemas and so for OpenAPI.
import { problemSchema } from '../contract/problem.ts';

const problem = {
  description: 'A refusal or fault (RFC 9457), with a stable code',
  content: { 'application/problem+json': { schema: problemSchema } },
};
export const problemResponses = { '4xx': problem, '5xx': problem };
