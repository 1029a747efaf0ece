// What a signed statement says about itself, for showing beside its record (SIG-8). Reads without checking the
// signature: verification is verify-signatures.ts. Pure; used by exports.
import { decodeJwt } from 'jose';
import { z } from 'zod';

const payloadSchema = z.object({ signer: z.string().optional(), signedAt: z.string().optional() });

export type StatementTexts = { readonly signer?: string | undefined; readonly signedAt?: string | undefined };

/** Empty for what is not a readable statement. */
export function statementTexts(jws: string): StatementTexts {
  try {
    return payloadSchema.parse(decodeJwt(jws));
  } catch {
    return {};
  }
}
