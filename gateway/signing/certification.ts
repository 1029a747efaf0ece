// The certification that each person signs once (SIG-9, § 11.100(c)): its text, and what makes the signed copy valid.
// Called by identity/certify.ts. It knows no password.
import { createHash } from 'node:crypto';
import type { z } from 'zod';
import type { TerminalId } from '../contract/ids.ts';
import { type Refusal, refuse } from '../contract/problem.ts';
import type { PublicKey } from '../contract/session.ts';
import { certificationStatementSchema, certificationType } from '../contract/statement.ts';
import { es256Verifies, readCompactJws } from './compact-jws.ts';

export type CertificationText = { readonly version: number; readonly text: string };

/** `{plant}` and `{printedName}` are filled in. A changed text gets a new version; what was signed stays on record. */
const versionOne = [
  'Certification of electronic signature (21 CFR 11.100(c))',
  '',
  'I, {printedName}, certify that my electronic signature in the system "{plant}", executed with my user name and',
  'password at an enrolled terminal, is intended to be the legally binding equivalent of my traditional handwritten',
  'signature. I keep my password to myself, use no other person’s account, and am accountable for what is done under',
  'my signature. I report at once when I believe that somebody else could use it.',
].join('\n');

export function certificationText(plantName: string, printedName: string): CertificationText {
  return {
    version: 1,
    text: versionOne.replace('{printedName}', () => printedName).replace('{plant}', () => plantName),
  };
}

export type VerifiedCertification = {
  readonly ok: true;
  readonly statement: z.infer<typeof certificationStatementSchema>;
};

/** base64url SHA-256 of the text's UTF-8 bytes. */
export function certificationTextDigest(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('base64url');
}

/** Refuses malformed-statement or statement-altered. The nonce's single use is the caller's. */
export async function verifyCertification(
  jws: string,
  offered: { readonly version: number; readonly text: string; readonly nonce: string; readonly terminal: TerminalId },
  publicKey: PublicKey,
): Promise<VerifiedCertification | Refusal> {
  const read = readCompactJws(jws, certificationType);
  if (!read.ok) return read;
  const parsed = certificationStatementSchema.safeParse(read.payload);
  if (!parsed.success) return refuse('malformed-statement', 'The certification’s statement has the wrong members.');
  const statement = parsed.data;
  const altered =
    statement.version !== offered.version
      ? 'version'
      : statement.textDigest !== certificationTextDigest(offered.text)
        ? 'textDigest'
        : statement.nonce !== offered.nonce
          ? 'nonce'
          : statement.terminal !== offered.terminal
            ? 'terminal'
            : null;
  if (altered !== null)
    return refuse('statement-altered', `The certification’s ${altered} is not what the gateway offered.`, {
      field: altered,
    });
  if (read.kid !== offered.terminal || !(await es256Verifies(jws, publicKey)))
    return refuse('statement-altered', 'The certification is not signed by the key of the terminal it was offered to.');
  return { ok: true, statement };
}
