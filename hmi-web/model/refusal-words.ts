// Turns any error of a request into words for a person: what happened, the gateway's own detail, what to do next.
// Called by every page that asks the gateway for something. An unknown code is called unknown, never hidden.
import type { ProblemCode } from '../../gateway/contract/problem.ts';
import { refusals } from '../texts/en-refusals.ts';

export type Explanation = {
  readonly code: string;
  readonly what: string;
  /** The gateway's own sentence, where it says more than `what`. */
  readonly detail: string | null;
  readonly next: string;
  /** Audit record that holds the refusal. */
  readonly record: number | null;
};

type ProblemLike = {
  readonly code: string;
  readonly detail?: string | undefined;
  readonly record?: number | undefined;
};

export function explainProblem(problem: ProblemLike): Explanation {
  const words = Object.hasOwn(refusals, problem.code) ? refusals[problem.code as ProblemCode] : undefined;
  return {
    code: problem.code,
    what: words?.what ?? `The gateway refused with a code that this page does not know (${problem.code}).`,
    detail: problem.detail === undefined || problem.detail === words?.what ? null : problem.detail,
    next: words?.next ?? 'Reload the page: it may be older than the gateway.',
    record: problem.record ?? null,
  };
}

/** What the gateway gave to be signed is not what the page can show: it is not signed. */
export const foreignStatement: Explanation = {
  code: 'foreign-statement',
  what: 'The gateway answered with something else than what is shown here.',
  detail: null,
  next: 'It was not signed. Reload the page, and tell an administrator if it happens again.',
  record: null,
};

/** After these a command may be on its way all the same, or their words say already that nothing was sent. */
const unclearOrSaid = new Set([
  'unreachable',
  'foreign-statement',
  'internal-fault',
  'wrong-stage',
  'statement-reused',
  'command-in-progress',
  'malformed-statement',
  'statement-altered',
  'log-unavailable',
]);

/** For the refusal of a question or a signature before anything was written: says so, where it is certain. */
export function nothingSent(explanation: Explanation): Explanation {
  return unclearOrSaid.has(explanation.code)
    ? explanation
    : { ...explanation, next: `Nothing was sent to the plant. ${explanation.next}` };
}

/** For any thrown thing; `problem` on it is the gateway's answer, everything else is a lost or broken gateway. */
export function explainError(error: unknown): Explanation {
  if (error instanceof Error && 'problem' in error) return explainProblem(error.problem as ProblemLike);
  return {
    code: 'unreachable',
    what: 'The gateway does not answer.',
    detail: null,
    next: 'It may or may not have received this. See the state of the connection above, and look at the command’s fate before you try again.',
    record: null,
  };
}
