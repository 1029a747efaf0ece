// A signed statement counts only unaltered, in one spelling, by the right key, in time, within its rules (SIG-2, SIG-6).
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import type { TagId, TerminalId } from '../../../gateway/contract/ids.ts';
import type { PublicKey } from '../../../gateway/contract/session.ts';
import type { CommandStatement } from '../../../gateway/contract/statement.ts';
import { importedKey } from '../../../gateway/identity/imported-key.ts';
import { checkTerminalSignature, signatureDigest } from '../../../gateway/signing/stored-signature.ts';
import { claimedNonce, type StatementRules, verifySignedStatement } from '../../../gateway/signing/verify-statement.ts';
import { ApiClient, newTerminalKey } from '../../support/api-client.ts';

let client: ApiClient;
let stranger: ApiClient;
let issued: CommandStatement;
let publicKey: PublicKey;
const nowMs = Date.parse('2026-05-01T12:00:00Z');
const rules: StatementRules = {
  meanings: ['responsibility', 'authorship'],
  reasonCodes: [{ code: 'batch-step', text: 'Step of the batch record' }],
  reason: 'required',
  comment: 'optional',
};
const signer = { signer: 'operator', meaning: 'responsibility', reasonCode: 'batch-step' };

beforeAll(async () => {
  client = new ApiClient('http://x', await newTerminalKey());
  stranger = new ApiClient('http://x', await newTerminalKey());
  publicKey = client.key.publicKey as PublicKey;
  issued = {
    version: 1,
    purpose: 'command',
    command: '7b0c1a52-3d0e-4f7e-9a44-2f3ad0a0e1b2' as CommandStatement['command'],
    tag: 'BR101.TIC.SP' as TagId,
    description: 'Temperature setpoint, °C “bioreactor”',
    observed: { value: 37, quality: 'good', sourceTime: '2026-05-01T11:59:59.123Z' },
    value: 37.5,
    unit: '°C',
    terminal: client.key.id as TerminalId,
    nonce: 'AAAAAAAAAAAAAAAAAAAAAA',
    expiresAt: '2026-05-01T12:05:00.000Z',
    configuration: { seq: 3, digest: 'abc' },
  };
});
const verify = (jws: string, at = nowMs, by: StatementRules = rules) =>
  verifySignedStatement(jws, issued, publicKey, at, by);
const codeFor = async (jws: Promise<string>, at?: number, by?: StatementRules) => {
  const answer = await verify(await jws, at, by);
  return answer.ok ? 'ok' : answer.code;
};

describe('verifySignedStatement', () => {
  test('SIG-6: the statement as offered, with who, why and when, verifies', async () => {
    const jws = await client.signStatement(issued, { ...signer, comment: 'as written' });
    expect(await verify(jws)).toMatchObject({
      ok: true,
      part: { signer: 'operator', meaning: 'responsibility', reasonCode: 'batch-step', comment: 'as written' },
    });
    expect(claimedNonce(jws)).toEqual({ ok: true, nonce: issued.nonce });
    const [own, foreign] = [importedKey(publicKey), importedKey(stranger.key.publicKey as PublicKey)];
    if (own === null || foreign === null) throw new Error('a key of P-256 is none');
    expect(checkTerminalSignature(jws, own)).toMatchObject({ ok: true, payload: { value: 37.5 } });
    expect(checkTerminalSignature(jws, foreign).ok).toBe(false);
    expect(signatureDigest(jws)).toMatch(/^[\w-]{43}$/);
  });

  test('SIG-6: a header that says a member twice is no statement; order and white space are free', async () => {
    const { privateKey } = client.key;
    const payload = (await client.signStatement(issued, signer)).split('.')[1] ?? '';
    const kid = client.key.id;
    const withHeader = async (header: string) => {
      const input = `${Buffer.from(header).toString('base64url')}.${payload}`;
      const made = await crypto.subtle.sign(
        { name: 'ECDSA', hash: 'SHA-256' },
        privateKey,
        new TextEncoder().encode(input),
      );
      return `${input}.${Buffer.from(made).toString('base64url')}`;
    };
    const typ = 'countersign-statement+jws';
    expect(await codeFor(withHeader(`{"alg":"none","alg":"ES256","kid":"${kid}","typ":"${typ}"}`))).toBe(
      'malformed-statement',
    );
    expect(await codeFor(withHeader(`{"\\u0061lg":"ES256","kid":"${kid}","typ":"${typ}"}`))).toBe(
      'malformed-statement',
    );
    expect(await codeFor(withHeader(`{"typ": "${typ}", "alg": "ES256", "kid": "${kid}"}`))).toBe('ok');
  });

  test('SIG-8: a comment is text that can be shown: lines, but no control characters', async () => {
    expect(await codeFor(client.signStatement(issued, { ...signer, comment: 'two\nlines' }))).toBe('ok');
    expect(await codeFor(client.signStatement(issued, { ...signer, comment: 'אבג، ‏ok' }))).toBe('ok');
    for (const hidden of ['a\u0000b', '\u001b[31m', 'not \u202Edevorppa', '\u2066x\u2069'])
      expect(await verify(await client.signStatement(issued, { ...signer, comment: hidden }))).toMatchObject({
        code: 'malformed-statement',
        detail: expect.stringContaining('control characters or overrides'),
      });
  });

  test('SIG-2: the terminal’s time may say UTC as +00:00; it is kept with Z', async () => {
    const jws = await client.signStatement(issued, signer, { signedAt: '2026-05-01T14:00:00.25+00:00' });
    expect(await verify(jws)).toMatchObject({ ok: true, part: { signedAt: '2026-05-01T14:00:00.25Z' } });
    const elsewhere = client.signStatement(issued, signer, { signedAt: '2026-05-01T14:00:00+02:00' });
    expect(await codeFor(elsewhere)).toBe('malformed-statement');
  });

  test('SIG-6: any change of any member that the gateway set is found', async () => {
    const names = Object.keys(issued) as (keyof CommandStatement)[];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), fc.jsonValue(), fc.boolean(), async (name, value, remove) => {
        fc.pre(remove || JSON.stringify(value) !== JSON.stringify(issued[name]));
        fc.pre(!(typeof value === 'number' && Object.is(value, -0)));
        const changes = { [name]: remove ? undefined : value };
        expect(await codeFor(client.signStatement(issued, signer, changes))).toBe('statement-altered');
      }),
      { numRuns: 150 },
    );
  });

  test('SIG-6: nothing can be added', async () => {
    await fc.assert(
      fc.asyncProperty(fc.stringMatching(/^[a-zA-Z]{1,12}$/), async (name) => {
        fc.pre(!(name in issued) && !['signer', 'meaning', 'reasonCode', 'comment', 'signedAt'].includes(name));
        const code = await codeFor(client.signStatement(issued, signer, { [name]: 1 }));
        expect(code).toBe('statement-altered');
      }),
      { numRuns: 30 },
    );
  });

  test('SIG-6: another key, another kid, another algorithm or type, extra header members are refused', async () => {
    expect(await codeFor(stranger.signStatement(issued, signer))).toBe('statement-altered');
    expect(await codeFor(stranger.signStatement(issued, signer, {}, { kid: client.key.id }))).toBe('statement-altered');
    expect(await codeFor(client.signStatement(issued, signer, {}, { kid: stranger.key.id }))).toBe('statement-altered');
    expect(await codeFor(client.signStatement(issued, signer, {}, { typ: 'JWT' }))).toBe('malformed-statement');
    expect(await codeFor(client.signStatement(issued, signer, {}, { extra: 'x' }))).toBe('malformed-statement');
    const jws = await client.signStatement(issued, signer);
    const [header, payload] = jws.split('.');
    const none = Buffer.from(
      JSON.stringify({ alg: 'none', kid: client.key.id, typ: 'countersign-statement+jws' }),
    ).toString('base64url');
    expect(await codeFor(Promise.resolve(`${none}.${payload}.`))).toBe('malformed-statement');
    expect(await codeFor(Promise.resolve(`${header}.${payload}.${'A'.repeat(86)}`))).toBe('statement-altered');
    for (const broken of ['', 'a.b', `${jws}.x`, jws.replace('.', '.=')])
      expect(await codeFor(Promise.resolve(broken))).toBe('malformed-statement');
  });

  test('SIG-6: the same statement in another spelling is refused', async () => {
    const jws = await client.signStatement(issued, signer);
    const payload = Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString();
    const header = { alg: 'ES256', kid: client.key.id, typ: 'countersign-statement+jws' };
    const { CompactSign } = await import('jose');
    const respelled = [
      ` ${payload}`,
      payload.replace('37.5', '37.50'),
      payload.replace('"unit":', '"unit":"K","unit":'),
      `\uFEFF${payload}`,
    ];
    for (const text of respelled) {
      expect(text).not.toBe(payload);
      const signed = new CompactSign(new TextEncoder().encode(text))
        .setProtectedHeader(header)
        .sign(client.key.privateKey);
      expect(await codeFor(signed)).toBe('malformed-statement');
    }
    // Libraries would read past all of these.
    for (const more of ['\n', '==', ' ', '%', '\u0000', 'A', '.'])
      expect(await codeFor(Promise.resolve(`${jws}${more}`)), JSON.stringify(more)).toBe('malformed-statement');
    for (const other of [`\n${jws}`, jws.slice(0, -1), `${jws.slice(0, -9)}\n${jws.slice(-9)}`])
      expect(await codeFor(Promise.resolve(other))).toBe('malformed-statement');
  });

  test('SIG-6: the signature’s bytes have one spelling, too', async () => {
    const jws = await client.signStatement(issued, signer);
    const signature = jws.split('.')[2] ?? '';
    const inStandardBase64 = jws.replace(signature, Buffer.from(signature, 'base64url').toString('base64'));
    for (const respelled of [`${jws}=`, `${jws}==`, `${jws}\n`, `${jws} `, `${jws}AAAA`, `${jws}!`, inStandardBase64])
      expect(await codeFor(Promise.resolve(respelled)), respelled).toBe('malformed-statement');
    expect(await codeFor(Promise.resolve(jws))).toBe('ok');
  });

  test('SIG-6: it expires by the gateway’s clock, whatever the terminal’s says', async () => {
    const jws = client.signStatement(issued, signer, { signedAt: '1999-01-01T00:00:00.000Z' });
    expect(await codeFor(jws, Date.parse(issued.expiresAt))).toBe('ok');
    expect(await codeFor(jws, Date.parse(issued.expiresAt) + 1)).toBe('statement-expired');
  });

  test('SIG-2: reason, comment and meaning are as the policy says', async () => {
    const by = (part: Record<string, unknown>, changed: Partial<StatementRules> = {}) =>
      codeFor(client.signStatement(issued, signer, part), nowMs, { ...rules, ...changed });
    expect(await by({ reasonCode: null })).toBe('reason-missing');
    expect(await by({ reasonCode: '' })).toBe('reason-missing');
    expect(await by({ reasonCode: undefined })).toBe('reason-missing');
    expect(await by({ reasonCode: undefined }, { reason: 'optional' })).toBe('ok');
    expect(await by({ reasonCode: 'because' }, { reason: 'optional' })).toBe('reason-unknown');
    expect(await by({ comment: '  ' }, { comment: 'required' })).toBe('comment-missing');
    expect(await by({ comment: 'x' }, { comment: 'none' })).toBe('malformed-statement');
    expect(await by({ meaning: 'approval' })).toBe('meaning-not-allowed');
    expect(await by({ meaning: 'whim' })).toBe('malformed-statement');
    expect(await by({ signer: undefined })).toBe('malformed-statement');
    expect(await by({ signedAt: 'yesterday' })).toBe('malformed-statement');
  });
});
