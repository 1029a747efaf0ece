// Refusals as the outside sees them: RFC 9457 problem+json with a stable `code`. Codes are promises; statuses are
// mapped in http/ alone. A test keeps this list, the statuses and the operator's texts complete in both directions.
import { z } from 'zod';

export const problemCodes = [
  // 400
  'malformed-request',
  'unknown-field',
  'malformed-statement',
  // 401
  'not-signed-in',
  'sign-in-failed',
  'signature-refused',
  'proof-missing',
  'proof-invalid',
  'proof-replayed',
  'use_dpop_nonce',
  'token-invalid',
  // 403
  'right-missing',
  'terminal-unknown',
  'terminal-pending',
  'terminal-revoked',
  'terminal-area',
  'terminal-network',
  'terminal-foreign-session',
  'certification-missing',
  'same-signer',
  'enrolment-code-invalid',
  'host-refused',
  // 404
  'not-found',
  'tag-unknown',
  'command-unknown',
  // 409
  'value-changed',
  'value-not-good',
  'value-not-fresh',
  'wrong-stage',
  'command-in-progress',
  'statement-altered',
  'statement-reused',
  'statement-expired',
  'already-certified',
  // 413, 415
  'body-too-large',
  'media-type-unsupported',
  // 422
  'tag-not-writable',
  'value-wrong-type',
  'value-out-of-range',
  'step-too-large',
  'value-unchanged',
  'reason-missing',
  'reason-unknown',
  'comment-missing',
  'meaning-not-allowed',
  'permissive-not-met',
  'rate-exceeded',
  'command-too-soon',
  'password-too-weak',
  // 423
  'account-locked',
  // 429
  'too-many-requests',
  // 500, 503
  'internal-fault',
  'log-unavailable',
  'device-unavailable',
  'starting',
  // later ones: 403, 409, 403
  'break-glass-not-allowed',
  'break-glass-overdue',
  'scope-missing',
  // passkeys (SIG-7): 403, but for 409 where another answer of the same passkey will do
  'assertion-missing',
  'assertion-challenge',
  'assertion-counter',
  'assertion-invalid',
  'user-verification-missing',
  'passkey-unknown',
  'passkey-foreign',
  'passkeys-unavailable',
  // 422: reading the log
  'query-too-long',
] as const;
export type ProblemCode = (typeof problemCodes)[number];

/** `detail` says what happened, why, and what to do next; `field` is a JSON pointer or name where one field is at fault. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.enum(problemCodes),
  detail: z.string().optional(),
  instance: z.string().optional(),
  field: z.string().optional(),
  /** The audit record that holds this refusal, where there is one. */
  record: z.int().optional(),
  /** For value-changed: what the gateway holds now. */
  current: z.unknown().optional(),
});
export type Problem = z.infer<typeof problemSchema>;

/** An expected refusal, as a value (style.md): never thrown by core code. */
export type Refusal = {
  readonly ok: false;
  readonly code: ProblemCode;
  readonly detail: string;
  readonly field?: string;
  readonly current?: TagValueLike;
  /** The audit record that already holds this refusal; who answers records it where this is missing. */
  readonly record?: number;
};
type TagValueLike = number | boolean | string | null;

export function refuse(
  code: ProblemCode,
  detail: string,
  extra: { field?: string; current?: TagValueLike; record?: number } = {},
): Refusal {
  return { ok: false, code, detail, ...extra };
}

/** A fault with a code; refusals that cross an exception boundary (HTTP handlers) travel in it too. */
export class GatewayError extends Error {
  readonly code: ProblemCode;
  readonly field: string | undefined;
  readonly record: number | undefined;
  readonly current: TagValueLike | undefined;
  constructor(
    code: ProblemCode,
    detail: string,
    extra: {
      cause?: unknown;
      field?: string | undefined;
      record?: number | undefined;
      current?: TagValueLike | undefined;
    } = {},
  ) {
    super(detail, { cause: extra.cause });
    this.name = 'GatewayError';
    this.code = code;
    this.field = extra.field;
    this.record = extra.record;
    this.current = extra.current;
  }
}
