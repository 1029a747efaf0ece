import { createHash, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { CompactSign, calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asCsv, asJsonLines } from '../../../gateway/audit/export-tables.ts';
import { countRecords, readRecords, streamRecords } from '../../../gateway/audit/postgres-records.ts';
import { storedRows } from '../../../gateway/audit/postgres-rows.ts';
import type { RecordFilter } from '../../../gateway/audit/postgres-selection.ts';
import { parseVkey } from '../../../gateway/audit/signed-note.ts';
import { verifyLog } from '../../../gateway/audit/verify.ts';
import { signatureChecker } from '../../../gateway/audit/verify-signatures.ts';
import type { AuditRecord, RecordDraft } from '../../../gateway/contract/audit-record.ts';
import { canonicalBytes, type Json } from '../../../gateway/contract/canonical.ts';
import { kindRisks } from '../../../gateway/contract/record-classes.ts';
import {
  openTestLog,
  startTestServer,
  type TestDatabase,
  type TestLog,
  type TestServer,
} from '../../support/database.ts';
import { runOn, sampleDraft } from './sample-drafts.ts';

async function collect<Part>(parts: AsyncIterable<Part>): Promise<Part[]> {
  const all: Part[] = [];
  for await (const part of parts) all.push(part);
  return all;
}

/** Says what the filter means, over one record; nothing of it is the product's but the risk of a kind. */
function matches(record: AuditRecord, filter: RecordFilter): boolean {
  const { actor, tag, subjects, terminal, kind, risk, command, text } = filter;
  const said = record.reason?.comment ?? '';
  return (
    (actor === undefined || record.actor?.id === actor) &&
    (tag === undefined || record.subject === tag) &&
    (subjects === undefined || subjects.includes(record.subject)) &&
    (terminal === undefined || record.terminal?.id === terminal) &&
    (kind === undefined || (kind.endsWith('.') ? record.kind.startsWith(kind) : record.kind === kind)) &&
    (risk === undefined || kindRisks[record.kind] === risk) &&
    (command === undefined || record.command === command) &&
    (text === undefined || said.split(' ').some((word) => word.startsWith(text)))
  );
}

describe('reading and exporting the log', () => {
  let server: TestServer;
  let database: TestDatabase;
  let test: TestLog;
  let nowMs = Date.UTC(2026, 0, 31, 8, 0, 0);

  /** 0 log.opened, then 1,200 records a second apart: subject a or b, actor ada or bob. */
  beforeAll(async () => {
    server = await startTestServer();
    database = await server.freshDatabase();
    test = await openTestLog(database, { now: () => nowMs });
    for (let number = 1; number <= 1200; number++) {
      const actor = number % 3 === 0 ? 'bob' : 'ada';
      const appended = test.log.append(
        sampleDraft(number % 2 === 0 ? 'a' : 'b', {
          kind: number % 5 === 0 ? 'command.confirmed' : 'command.asked',
          actor: { id: actor, name: actor, printedName: actor },
        }),
      );
      if (number % 100 !== 0) continue;
      await appended;
      nowMs += 1000;
    }
  });
  afterAll(async () => {
    await test.stop();
    await database.stop();
    await server.stop();
  });
  const run = () => runOn(database.pool);

  it('AUD-6: pages newest first without a gap or a repetition', async () => {
    const seen: number[] = [];
    let after: number | undefined;
    do {
      const page = await readRecords(run(), { limit: 170, after });
      seen.push(...page.records.map((record) => record.seq));
      after = page.next ?? undefined;
    } while (after !== undefined);
    expect(seen).toEqual(Array.from({ length: 1201 }, (_, index) => 1200 - index));
    await expect(readRecords(run(), { limit: 501 })).rejects.toThrow(RangeError);
  });

  it('AUD-6: filters by person, tag, kind, terminal, command and time, all together', async () => {
    const of = async (filter: Parameters<typeof readRecords>[1]) =>
      (await readRecords(run(), { limit: 500, ...filter })).records;
    expect((await of({ actor: 'bob', tag: 'a', kind: 'command.confirmed' })).map((record) => record.seq)).toEqual(
      Array.from({ length: 40 }, (_, index) => 1200 - 30 * index),
    );
    expect(await of({ terminal: 'nobody’s' })).toEqual([]);
    expect(await of({ command: '00000000-0000-4000-8000-000000000000' })).toEqual([]);
    const between = await of({ from: '2026-01-31T08:00:03Z', to: '2026-01-31T08:00:03Z', order: 'oldest-first' });
    expect(between.map((record) => record.seq)).toEqual(Array.from({ length: 100 }, (_, index) => 301 + index));
    expect(await of({ tag: `a' OR 'x' = 'x` })).toEqual([]);
  });

  it('AUD-6: any filters together give, page by page and either way, what looking at each record gives', async () => {
    const own = await server.freshDatabase();
    const log = await openTestLog(own, { now: () => nowMs });
    const kinds = ['command.asked', 'command.confirmed', 'session.opened', 'security.alert'] as const;
    const command = randomUUID();
    // Of each pair of columns some values come together, some never; what is alone in the log stands at its old end.
    const appended = Array.from({ length: 300 }, (_, number) =>
      log.log.append(
        sampleDraft(number < 20 ? 'old' : `tag${number % 7}`, {
          kind: kinds[number % 11 === 0 ? 3 : number % 3] ?? 'command.asked',
          actor: number % 6 === 0 ? null : { id: `person${number % 4}`, name: 'x', printedName: 'X' },
          terminal: number % 9 === 0 ? null : { id: `terminal${number % 6}`, name: 'x', area: null },
          reason: { code: 'batch', comment: number % 5 === 0 ? 'culture slow' : 'culture' },
          ...(number % 100 === 50 ? { command } : {}),
        }),
      ),
    );
    await Promise.all(appended);
    const all = (await readRecords(runOn(own.pool), { limit: 500, order: 'oldest-first' })).records;
    expect(all).toHaveLength(301);

    const some = <Value>(...values: Value[]) => fc.option(fc.constantFrom(...values), { nil: undefined, freq: 1 });
    const filters = fc.record({
      actor: some('person0', 'person1', 'person3', 'nobody'),
      tag: some('tag0', 'tag3', 'old', 'none'),
      subjects: some(['tag1', 'tag2', 'old'], ['none'], []),
      terminal: some('terminal0', 'terminal1', 'terminal4'),
      kind: some(...kinds, 'command.' as const),
      risk: some('low' as const, 'medium' as const, 'high' as const),
      command: fc.option(fc.constant(command), { nil: undefined, freq: 8 }),
      text: fc.option(fc.constantFrom('slow', 'cult'), { nil: undefined, freq: 3 }),
    });
    const windows = fc.record({
      near: fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 3 }),
      partition: fc.integer({ min: 20, max: 400 }),
    });
    const orders = fc.constantFrom('newest-first' as const, 'oldest-first' as const);
    const limits = fc.integer({ min: 5, max: 200 });
    const found = new Set<boolean>();
    await fc.assert(
      fc.asyncProperty(filters, windows, orders, limits, async (filter, small, order, limit) => {
        const expected = all.filter((record) => matches(record, filter)).map((record) => record.seq);
        if (order === 'newest-first') expected.reverse();
        found.add(expected.length > limit);
        const seen: number[] = [];
        let after: number | undefined;
        do {
          const page = await readRecords(runOn(own.pool), { ...filter, order, limit, after }, small);
          expect(page.records.length).toBe(Math.min(limit, expected.length - seen.length));
          seen.push(...page.records.map((record) => record.seq));
          after = page.next ?? undefined;
        } while (after !== undefined);
        expect(seen).toEqual(expected);
        expect(await countRecords(runOn(own.pool), filter, all.length)).toBe(expected.length);
      }),
      { numRuns: 80 },
    );
    expect(found).toEqual(new Set([true, false]));
    await log.stop();
    await own.stop();
  });

  it('AUD-6: exports JSON Lines whose lines are the bytes that were hashed', async () => {
    const stream = streamRecords(run(), {});
    const text = Buffer.concat(await collect(asJsonLines(stream))).toString('utf8');
    const lines = text.trimEnd().split('\n');
    expect(lines).toHaveLength(1201);
    const { rows } = await database.superuser.query('SELECT seq, hashes FROM log_record ORDER BY seq');
    for (const [index, line] of lines.entries()) {
      const leaf = createHash('sha256').update(Buffer.of(0)).update(line, 'utf8').digest();
      expect(leaf.equals((rows[index] as { hashes: Buffer }).hashes.subarray(0, 32)), `line ${index}`).toBe(true);
    }
  });

  it('AUD-6, SIG-8: exports CSV with the signature’s elements; no cell is a formula', async () => {
    const own = await server.freshDatabase();
    const log = await openTestLog(own, { now: () => nowMs });
    const payload = Buffer.from(JSON.stringify({ signer: 'ada', signedAt: '2026-01-31T07:59:59Z' })).toString(
      'base64url',
    );
    await log.log.append(
      sampleDraft('=HYPERLINK("http://evil")', {
        kind: 'command.signed',
        meaning: 'approval',
        signature: { jws: `e30.${payload}.AA` },
        reason: { code: 'adjustment', comment: '+1 "quoted", line\nbreak' },
        old: -5,
      }),
    );
    const csv = (await collect(asCsv(streamRecords(runOn(own.pool), {}), 'Europe/Berlin'))).join('');
    expect(csv.startsWith('\uFEFFseq,time (UTC),')).toBe(true);
    const line = csv.slice(csv.indexOf('\r\n1,') + 2);
    expect(line).toContain(`"'=HYPERLINK(""http://evil"")"`);
    expect(line).toContain(`"'+1 ""quoted"", line\nbreak"`);
    expect(line).toContain(',-5,38.5,');
    expect(line).toContain('Ada Lovelace');
    expect(line).toContain('approval');
    expect(line).toContain('2026-01-31T07:59:59Z');
    expect(csv).not.toMatch(/(^|,)"?[=+@]/m);
    await log.stop();
    await own.stop();
  });
});

describe('signatures in the log', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server?.stop());

  /** A log with one terminal and one command signed by it; `spoil` changes what is recorded beside the statement. */
  async function verdict(spoil: (draft: RecordDraft) => RecordDraft, otherKey = false) {
    const database = await server.freshDatabase();
    const test = await openTestLog(database);
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
    const { kty, crv, x, y } = await exportJWK(publicKey);
    const kid = await calculateJwkThumbprint({ kty: 'EC', crv: 'P-256', x: x ?? '', y: y ?? '' });
    const signing = otherKey ? (await generateKeyPair('ES256')).privateKey : privateKey;
    const terminal = { id: kid, name: 'Panel', area: null };
    await test.log.append(
      sampleDraft(`terminal:${kid}`, {
        kind: 'terminal.enrolled',
        terminal,
        new: { publicKey: { kty, crv, x, y } as Json },
      }),
    );
    const draft = sampleDraft('BR101.TIC.SP', { kind: 'command.signed', terminal, meaning: 'authorship' });
    const statement = {
      purpose: 'command',
      terminal: kid,
      tag: draft.subject,
      command: draft.command,
      value: draft.new,
      observed: { value: draft.old },
      meaning: 'authorship',
      reasonCode: draft.reason?.code,
      comment: draft.reason?.comment,
    };
    const jws = await new CompactSign(canonicalBytes(statement))
      .setProtectedHeader({ alg: 'ES256', kid, typ: 'countersign-statement+jws' })
      .sign(signing);
    await test.log.append(spoil({ ...draft, signature: { jws } }));
    const { bad, signatures } = await verifyLog(storedRows(database.superuser), {
      verifier: parseVkey(test.log.vkey),
      kept: null,
      checkSignature: signatureChecker(),
    });
    await test.stop();
    await database.stop();
    return { bad, signatures };
  }

  it('AUD-5, SIG-6: a signature stands over exactly the record that it was made for', async () => {
    expect(await verdict((draft) => draft)).toEqual({ bad: null, signatures: 1 });
  });

  it('AUD-5, SIG-6: a signature beside another tag, value, observed value, command, meaning or reason is named', async () => {
    const spoils: ((draft: RecordDraft) => RecordDraft)[] = [
      (draft) => ({ ...draft, subject: 'BR101.PH.SP' }),
      (draft) => ({ ...draft, new: 39 }),
      (draft) => ({ ...draft, old: 36 }),
      (draft) => ({ ...draft, command: '00000000-0000-4000-8000-000000000000' }),
      (draft) => ({ ...draft, meaning: 'approval' }),
      (draft) => ({ ...draft, reason: { code: 'other', comment: null } }),
      (draft) => ({ ...draft, terminal: { id: 'unknown', name: 'x', area: null } }),
      (draft) => ({ ...draft, signature: { jws: 'e30.e30.AA' } }),
    ];
    for (const spoil of spoils) expect((await verdict(spoil)).bad).toMatchObject({ seq: 2 });
  });

  it('AUD-5, SIG-6: a signature by a key that is not the terminal’s is named', async () => {
    expect((await verdict((draft) => draft, true)).bad).toMatchObject({
      seq: 2,
      why: expect.stringContaining('does not verify'),
    });
  });
});
