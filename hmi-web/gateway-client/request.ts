// The one function through which the page talks HTTP to the gateway: proof, nonce retry, problem+json to an error.
// Called by the endpoint files beside it. It never retries a request that the gateway may have acted upon.
import type { Problem } from '../../gateway/contract/problem.ts';
import { utf8 } from './encoding.ts';
import type { Prover } from './proof.ts';

/** The gateway said no. `problem.code` is stable; the words for it are in texts/. */
export class Refused extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.detail ?? problem.title);
    this.name = 'Refused';
    this.problem = problem;
  }
}

/** No answer, or one that is not the gateway's: what was asked may or may not have happened. */
export class Unreachable extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'Unreachable';
  }
}

export type RequestOptions = {
  readonly body?: unknown;
  /** True when a person caused it: only that keeps an idle session alive (IDN-5). */
  readonly byPerson?: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number;
};
export type SendRequest = (method: string, pathAndQuery: string, options?: RequestOptions) => Promise<Response>;

/** Refusals after which this terminal has no session any more, whatever was asked for. */
export const sessionEnders: ReadonlySet<string> = new Set([
  'not-signed-in',
  'terminal-revoked',
  'terminal-pending',
  'terminal-unknown',
  'terminal-foreign-session',
]);

const activityHeader = 'X-Countersign-Activity';

/** `onSignedOut` is called when the gateway answers that there is no session any more. */
export function createRequest(prover: Prover, onSignedOut: (problem: Problem) => void): SendRequest {
  return async (method, pathAndQuery, options = {}) => {
    const path = pathAndQuery.split('?', 1)[0] ?? pathAndQuery;
    const body = options.body === undefined ? undefined : utf8(JSON.stringify(options.body));
    // A proof without a nonce, or with an old one, was not acted upon: RFC 9449 §8 lets it be sent again, once.
    for (let attempt = 0; ; attempt++) {
      const response = await sendOnce(method, pathAndQuery, await prover.prove(method, path, body), body, options);
      const nonce = response.headers.get('DPoP-Nonce');
      if (nonce !== null) prover.keepNonce(nonce);
      if (response.ok) return response;
      const problem = await problemOf(response);
      if (problem.code === 'use_dpop_nonce' && nonce !== null && attempt < 2) continue;
      if (sessionEnders.has(problem.code)) onSignedOut(problem);
      throw new Refused(problem);
    }
  };
}

async function sendOnce(
  method: string,
  pathAndQuery: string,
  proof: string,
  body: Uint8Array<ArrayBuffer> | undefined,
  options: RequestOptions,
): Promise<Response> {
  const headers: Record<string, string> = { DPoP: proof, Accept: 'application/json, application/problem+json' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (options.byPerson === true) headers[activityHeader] = 'person';
  const timeout = AbortSignal.timeout(options.timeoutMs ?? 15_000);
  const signal = options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal]);
  try {
    return await fetch(pathAndQuery, { method, headers, signal, credentials: 'same-origin', ...(body && { body }) });
  } catch (cause) {
    if (options.signal?.aborted === true) throw cause;
    throw new Unreachable('the gateway does not answer', cause);
  }
}

async function problemOf(response: Response): Promise<Problem> {
  const type = response.headers.get('Content-Type') ?? '';
  if (!type.includes('json')) throw new Unreachable(`the gateway answered ${response.status} without a reason`);
  let parsed: unknown;
  try {
    parsed = await response.json();
  } catch (cause) {
    throw new Unreachable('the answer broke off', cause);
  }
  if (typeof parsed !== 'object' || parsed === null || !('code' in parsed) || typeof parsed.code !== 'string')
    throw new Unreachable(`the gateway answered ${response.status} without a code`);
  return parsed as Problem;
}
