// Compact JWS (RFC 7515) as terminals make them: ES256, a protected header with exactly alg, kid and typ, and a payload
// that is RFC 8785 canonical JSON. Used by the verification of statements and certifications, and by audit verify.
import { verify } from 'node:crypto';
import { compactVerify } from 'jose';
import { z } from 'zod';
import { canonicalJson } from '../contract/canonical.ts';
import { type TerminalId, terminalIdSchema } from '../contract/ids.ts';
import { type Refusal, refuse } from '../contract/problem.ts';
import type { PublicKey } from '../contract/session.ts';
import { certificationType, statementType } from '../contract/statement.ts';
import { importedKey } from '../identity/imported-key.ts';

export type JwsPayload = Record<string, z.infer<ReturnType<typeof z.json>>>;
/** What a terminal signs; `typ` of the protected header. */
type JwsType = typeof statementType | typeof certificationType;
/** RFC 7518 §3.4: two numbers of 32 bytes. */
const es256Bytes = 64;
export type ReadJws = { readonly ok: true; readonly kid: TerminalId; readonly payload: JwsPayload };

/**
 * Takes a compact JWS apart without checking its signature. Refuses `malformed-statement` where the header is not
 * exactly {"alg":"ES256","kid","typ"} or the payload is not the RFC 8785 bytes of a JSON object: so there is one
 * spelling only, with no member twice.
 */
export function readCompactJws(jws: string, type: JwsType): ReadJws | Refusal {
  const [header, payload, signature, ...rest] = jws.split('.');
  if (header === undefined || payload === undefined || signature === undefined || rest.length > 0)
    return malformed('it is no compact JWS');
  const headerText = decode(header);
  const parsedHeader = headerSchemas[type].safeParse(parse(headerText));
  if (!parsedHeader.success || !saysEachOnce(headerText, parsedHeader.data))
    return malformed(`its protected header must be {"alg":"ES256","kid":<terminal id>,"typ":"${type}"}`);
  // One spelling of these bytes, too: the next signer's statement names this one by its digest.
  const bytes = Buffer.from(signature, 'base64url');
  if (bytes.length !== es256Bytes || bytes.toString('base64url') !== signature)
    return malformed('its signature must be the 64 bytes of ES256, base64url without padding');
  const text = decode(payload);
  const parsed = parse(text);
  if (!isPayload(parsed) || text !== canonical(parsed))
    return malformed('its payload must be the RFC 8785 bytes of the statement');
  return { ok: true, kid: parsedHeader.data.kid, payload: parsed };
}

/** True when the key made the JWS's signature (ES256, RFC 7518 §3.4). */
export async function es256Verifies(jws: string, publicKey: PublicKey): Promise<boolean> {
  try {
    const imported = importedKey(publicKey);
    if (imported === null) return false;
    await compactVerify(jws, imported.key, { algorithms: ['ES256'] });
    return true;
  } catch {
    return false;
  }
}

/**
 * True when the key, whose RFC 7638 thumbprint is `terminal`, made the JWS's signature. The same as es256Verifies by
 * another library and without waiting, for the gate: about 0.2 ms.
 */
export function terminalSigned(jws: string, terminal: TerminalId, publicKey: PublicKey): boolean {
  const imported = importedKey(publicKey);
  const end = jws.lastIndexOf('.');
  if (imported?.thumbprint !== terminal || end < 0) return false;
  try {
    const { key } = imported;
    const signature = Buffer.from(jws.slice(end + 1), 'base64url');
    return verify('sha256', Buffer.from(jws.slice(0, end)), { key, dsaEncoding: 'ieee-p1363' }, signature);
  } catch {
    return false;
  }
}

const headerSchemas = {
  [statementType]: headerSchemaOf(statementType),
  [certificationType]: headerSchemaOf(certificationType),
};

function headerSchemaOf(type: JwsType) {
  return z.strictObject({ alg: z.literal('ES256'), kid: terminalIdSchema, typ: z.literal(type) });
}

/** What JSON.parse makes of an object. */
function isPayload(value: unknown): value is JwsPayload {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Null for what is not strict base64url of valid UTF-8. */
function decode(part: string): string | null {
  const bytes = Buffer.from(part, 'base64url');
  if (bytes.toString('base64url') !== part) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

function parse(text: string | null): unknown {
  if (text === null) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** No member twice and no escapes; order and white space are the signer's. Values of the header hold no white space. */
function saysEachOnce(text: string | null, header: { readonly [name: string]: string }): boolean {
  const given = Object.entries(header).map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  const members =
    text
      ?.replaceAll(/[ \t\r\n]/g, '')
      .slice(1, -1)
      .split(',') ?? [];
  return members.toSorted().join() === given.toSorted().join();
}

function canonical(payload: JwsPayload): string | null {
  try {
    return canonicalJson(payload);
  } catch {
    return null;
  }
}

function malformed(why: string): Refusal {
  return refuse('malformed-statement', `The signed statement cannot be read: ${why}.`, { field: 'statement' });
}
