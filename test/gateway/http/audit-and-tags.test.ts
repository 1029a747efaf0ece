// Reading over real HTTP: tags, areas, connections, small trends, the audit trail and its exports, health and figures.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { AuditRecord } from '../../../gateway/contract/audit-record.ts';
import { type ApiClient, codeOf } from '../../support/api-client.ts';
import { patienceMs } from '../../support/until.ts';
import { password, startWholeGateway, type WholeGateway } from './whole-gateway.ts';

let whole: WholeGateway;
let operator: ApiClient;
let qa: ApiClient;
beforeAll(async () => {
  whole = await startWholeGateway();
  operator = await whole.person('operator');
  qa = await whole.person('qa');
  await vi.waitFor(
    async () => {
      const { body } = await operator.get<{ tags: { latest: { quality: string } }[] }>('/tags');
      expect(body.tags.every(({ latest }) => latest.quality === 'good')).toBe(true);
    },
    { timeout: patienceMs, interval: 100 },
  );
});
afterAll(async () => {
  await whole?.stop();
});

type Page = { records: AuditRecord[]; next: number | null };
const page = async (query: string) => (await operator.get<Page>(`/audit${query}`)).body;

describe('filters', () => {
  test('AUD-6: a filter that no record can match by is malformed, not a fault of the log', async () => {
    for (const query of [
      'tag=%00',
      'actor=a%00',
      'terminal=%01',
      'from=0000-01-01T00:00:00Z',
      'to=0000-12-31T23:59:59Z',
    ]) {
      const answer = await operator.get(`/audit?${query}`);
      expect([answer.status, codeOf(answer), query]).toEqual([400, 'malformed-request', query]);
    }
  });
});

describe('tags, areas and connections', () => {
  test('DRV-5, HMI-1: a tag shows its definition, limits and latest value with quality and times', async () => {
    const { body } = await operator.get('/tags/BR101.TIC.SP');
    expect(body).toMatchObject({
      id: 'BR101.TIC.SP',
      area: 'upstream',
      unit: '°C',
      setpoint: {
        min: 30,
        max: 40,
        maxStep: 2,
        signatures: 1,
        follows: 'BR101.TIC.PV',
        allowed: true,
        refusal: null,
        // HMI-3: what the first signature must bring, before anything is asked for.
        signing: { components: ['username', 'password'], reason: 'required', countersignatures: 0 },
      },
      latest: {
        quality: 'good',
        reason: 'none',
        sourceTime: expect.stringMatching(/Z$/),
        vouchedAt: expect.stringMatching(/Z$/),
      },
    });
    expect((await operator.get('/tags/BR101.TIC.PV')).body).toMatchObject({ setpoint: null });
    expect(
      (await operator.get<{ setpoint: { allowed: boolean; refusal: string } }>('/tags/WFI.PUMP.CMD')).body.setpoint,
    ).toMatchObject({ signatures: 2, signing: { countersignatures: 1, comment: 'required' } });
    expect(
      (await qa.get<{ setpoint: { allowed: boolean; refusal: string } }>('/tags/BR101.TIC.SP')).body.setpoint,
    ).toMatchObject({
      allowed: false,
      refusal: expect.stringContaining('command'),
    });
    expect(
      (await qa.get<{ setpoint: { signing?: unknown } }>('/tags/BR101.TIC.SP')).body.setpoint.signing,
    ).toBeUndefined();
  });

  test('LIV-2: an area brings what lies within it; unknown ones are said to be unknown', async () => {
    const tags = async (query: string) =>
      (await operator.get<{ tags: { id: string; area: string }[] }>(`/tags${query}`)).body.tags;
    const [all, upstream, site] = [await tags(''), await tags('?area=upstream'), await tags('?area=site')];
    expect(new Set(upstream.map(({ area }) => area))).toEqual(new Set(['upstream']));
    expect(upstream.length).toBeLessThan(all.length);
    expect(site).toHaveLength(all.length);
    expect(codeOf(await operator.get('/tags?area=nowhere'))).toBe('not-found');
    expect(codeOf(await operator.get('/tags?zone=upstream'))).toBe('unknown-field');
    expect(codeOf(await operator.get('/tags/NO.SUCH'))).toBe('tag-unknown');
    const { body } = await operator.get<{ areas: { id: string; parent: string | null }[] }>('/areas');
    expect(body.areas.map(({ id }) => id).sort()).toEqual(['site', 'upstream', 'utilities']);
  });

  test('HMI-1: small trends come in columns of one length for the tags that were named', async () => {
    const answer = await operator.get<{
      tags: { id: string; timesMs: number[]; values: unknown[]; qualities: unknown[] }[];
    }>('/tags/recent?ids=BR101.TIC.PV,WFI.TIC.PV');
    expect(answer.body.tags.map(({ id }) => id)).toEqual(['BR101.TIC.PV', 'WFI.TIC.PV']);
    for (const tag of answer.body.tags) {
      expect(tag.timesMs.length).toBeGreaterThan(0);
      expect([tag.values.length, tag.qualities.length]).toEqual([tag.timesMs.length, tag.timesMs.length]);
    }
    expect(codeOf(await operator.get('/tags/recent?ids=BR101.TIC.PV,NO.SUCH'))).toBe('tag-unknown');
    expect(codeOf(await operator.get('/tags/recent?ids='))).toBe('malformed-request');
  });

  test('DRV-5: each connection tells its state and since when', async () => {
    const { body } = await operator.get<{ connections: unknown[] }>('/connections');
    expect(body.connections).toMatchObject([
      { id: 'bioreactor', protocol: 'opcua', state: 'connected', error: null },
      { id: 'water', protocol: 'modbus', state: 'connected', error: null },
    ]);
  });
});

/** A file as qa gets it, with a proof of his terminal's key. */
async function download(path: string): Promise<{ readonly headers: Headers; readonly text: string }> {
  const full = `/api/v1${path}`;
  await qa.get('/session');
  const answer = await fetch(`${whole.origin}${full}`, {
    headers: { dpop: await qa.proof('GET', full, undefined), cookie: qa.cookie ?? '' },
  });
  expect(answer.status).toBe(200);
  return { headers: answer.headers, text: await answer.text() };
}

describe('the audit trail', () => {
  test('AUD-1: opening a view is one record with its filters; turning the page is none', async () => {
    const before = (await whole.records('audit.viewed')).length;
    const first = await page('?limit=2&kind=session.opened&actor=operator');
    expect(first.records).toMatchObject([{ kind: 'session.opened', actor: { id: 'operator' } }]);
    const all = await page('?limit=2');
    expect(all.records).toHaveLength(2);
    const second = await page(`?limit=2&after=${all.next}`);
    expect(second.records[0]?.seq).toBe((all.records[1]?.seq ?? 0) - 1);
    const viewed = await whole.records('audit.viewed');
    expect(viewed).toHaveLength(before + 2);
    expect(viewed.at(-2)).toMatchObject({
      actor: { id: 'operator' },
      subject: 'log',
      detail: { filter: { kind: 'session.opened', actor: 'operator' } },
    });
  });

  test('AUD-6: pages lead back to the first record, and end there', async () => {
    const seen: number[] = [];
    let after = '';
    for (;;) {
      const { records, next }: Page = await page(`?limit=7${after}`);
      seen.push(...records.map(({ seq }) => seq));
      if (next === null) break;
      after = `&after=${next}`;
    }
    expect(seen.at(-1)).toBe(0);
    expect(seen).toEqual(Array.from(seen, (_, index) => (seen[0] ?? 0) - index));
  });

  test('AUD-6, SIG-8: a command is found by its tag, with the elements of its signature, in the page and both files', async () => {
    const asked = await operator.get<{ latest: { value: number } }>('/tags/BR101.TIC.SP');
    const value = asked.body.latest.value > 39 ? 38.5 : asked.body.latest.value + 0.5;
    const reason = { code: 'batch-step', comment: '=cmd|step 4' };
    const done = await operator.changeSetpoint('BR101.TIC.SP', value, reason, 'operator', password);
    expect(done.body).toMatchObject({ state: 'confirmed' });
    const found = await page('?tag=BR101.TIC.SP&kind=command.signed');
    expect(found.records[0]).toMatchObject({
      meaning: 'responsibility',
      reason,
      signature: { jws: expect.any(String) },
    });
    expect((await page(`?kind=command.&command=${String(done.body.id)}`)).records).toHaveLength(5);

    const lines = await download('/audit/export?format=jsonl&tag=BR101.TIC.SP');
    expect(lines.headers.get('content-disposition')).toMatch(/^attachment; filename="audit-\d{8}T\d{6}Z-\d+\.jsonl"$/);
    const records = lines.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as AuditRecord);
    expect(records.at(-1)).toMatchObject({ kind: 'command.confirmed', subject: 'BR101.TIC.SP' });
    const csv = (await download('/audit/export?format=csv&tag=BR101.TIC.SP')).text;
    expect(csv).toContain('Olivia Brandt');
    // A spreadsheet must not run what somebody typed.
    expect(csv).toContain("'=cmd|step 4");
    const exported = await whole.records('audit.exported');
    expect(exported.map(({ detail }) => detail)).toMatchObject([
      { format: 'jsonl', filter: { tag: 'BR101.TIC.SP' }, records: records.length, upTo: (exported[0]?.seq ?? 0) - 1 },
      { format: 'csv', filter: { tag: 'BR101.TIC.SP' }, records: records.length },
    ]);
  });

  test('AUD-1: exporting needs the right, and a format that exists', async () => {
    const refused = await operator.get('/audit/export?format=csv');
    expect(refused).toMatchObject({ status: 403, body: { code: 'right-missing' } });
    expect(await whole.record(refused.body.record)).toMatchObject({
      kind: 'request.refused',
      actor: { id: 'operator' },
    });
    expect(codeOf(await qa.get('/audit/export?format=doc'))).toBe('malformed-request');
    for (const query of ['?limit=0', '?limit=501', '?after=-1', '?from=yesterday', '?kind=no.such', '?who=ada'])
      expect([query, (await operator.get(`/audit${query}`)).status]).toEqual([query, 400]);
  });

  test('AUD-3: the checkpoint is a signed note over the whole log', async () => {
    const answer = await operator.get<string>('/audit/checkpoint');
    expect(answer.headers.get('content-type')).toContain('text/plain');
    const [, size, root] = String(answer.body).split('\n');
    expect(Number(size)).toBe((await whole.records()).length);
    expect(root).toMatch(/^[A-Za-z0-9+/]{43}=$/);
  });
});

describe('operation', () => {
  test('OPS-4: health tells the state of each part, without a session; figures are readable on loopback', async () => {
    const health = await (await fetch(`${whole.origin}/health`)).json();
    expect(health).toMatchObject({
      status: 'ready',
      demo: true,
      parts: {
        database: 'up',
        log: { state: 'writing' },
        connections: { bioreactor: 'connected', water: 'connected' },
      },
    });
    const figures = await (await fetch(`${whole.origin}/metrics`)).text();
    expect(figures).toMatch(/^countersign_connection_up\{connection="water"\} 1$/m);
    expect(figures).toMatch(/^countersign_commands_closed_total\{state="confirmed"\} [1-9]/m);
    expect(figures).toMatch(/^countersign_log_records \d+$/m);
  });

  test('OPS-4: OpenAPI describes how to ask and sign, schemas and problems included', async () => {
    const api = (await (await fetch(`${whole.origin}/api/v1/openapi.json`)).json()) as {
      paths: Record<
        string,
        Record<string, { responses: Record<string, unknown>; security?: unknown; description?: string }>
      >;
    };
    const post = api.paths['/api/v1/commands']?.post;
    expect(Object.keys(post?.responses ?? {})).toEqual(expect.arrayContaining(['201', '4XX', '5XX']));
    expect(post?.security).toEqual([{ dpop: [], session: [] }]);
    expect(post?.description).toContain('countersign-statement+jws');
    expect(JSON.stringify(post)).toContain('BR101.TIC.SP');
    for (const path of [
      '/commands/{id}',
      '/commands/{id}/statements',
      '/commands/{id}/signatures',
      '/tags',
      '/tags/{id}',
      '/audit',
      '/audit/export',
      '/areas',
      '/connections',
    ])
      expect(Object.keys(api.paths)).toContain(`/api/v1${path}`);
  });
});
