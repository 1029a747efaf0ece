// Files of the audit trail as people and programs get them (AUD-6): every format over HTTP with the same data, the browser's link
// that works once, its refusals with their records, cancelling, the live tail; and the audit page in a real browser.
import { existsSync } from 'node:fs';
import { strFromU8, unzipSync } from 'fflate';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ApiClient, codeOf } from '../support/api-client.ts';
import { launchBrowser } from '../support/browser.ts';
import { demoPassword, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { patienceMs, until } from '../support/until.ts';

const hmiFolder = new URL('../../hmi-web/dist', import.meta.url).pathname;
const comment = '=1+1; Kultur wächst langsam, 培养缓慢';
let plant: TestGateway;
let qa: ApiClient;
let operator: ApiClient;

beforeAll(async () => {
  expect(existsSync(`${hmiFolder}/index.html`), 'the HMI is built: run npm test').toBe(true);
  plant = await startTestGateway({ hmiFolder });
  operator = await plant.person('operator');
  qa = await plant.person('qa');
  const { body } = await operator.get<{ latest: { value: number } }>('/tags/BR101.TIC.SP');
  const value = body.latest.value > 39 ? body.latest.value - 0.5 : body.latest.value + 0.5;
  const reason = { code: 'batch-step', comment };
  const done = await operator.changeSetpoint('BR101.TIC.SP', value, reason, 'operator', demoPassword);
  expect(done.body).toMatchObject({ state: 'confirmed' });
});
afterAll(() => plant?.stop());

type View = { id: string; link: string; count: number; state: string; written: number };
const prepare = async (format: string, filter: object = {}, by = qa) =>
  by.post<View>('/audit/exports', { format, filter });
const fetchLink = (link: string, cookie: string | undefined) =>
  fetch(plant.origin + link, { headers: cookie === undefined ? {} : { cookie } });
const stateOf = async (id: string) => (await qa.get<View>(`/audit/exports/${id}`)).body;
const kinds = async (kind: string) => (await plant.records()).filter((record) => record.kind === kind);

test('AUD-6, SIG-8: CSV, XLSX, HTML and PDF hold the same records, and the elements of a signature beside its record', async () => {
  const filter = { tag: 'BR101.TIC.SP' };
  const files = new Map<string, Buffer>();
  for (const format of ['csv', 'xlsx', 'html', 'pdf', 'jsonl', 'bundle']) {
    const { body } = await prepare(format, filter);
    const answer = await fetchLink(body.link, qa.cookie);
    expect([format, answer.status]).toEqual([format, 200]);
    expect(answer.headers.get('content-disposition')).toMatch(
      new RegExp(`^attachment; filename="audit-\\d{8}T\\d{6}Z-\\d+\\.${format}"$`),
    );
    files.set(format, Buffer.from(await answer.arrayBuffer()));
    await until(async () => (await stateOf(body.id)).state === 'done', `${format} to be complete`);
    if (format !== 'bundle') expect((await stateOf(body.id)).written).toBe(body.count);
  }
  const text = (format: string): string => files.get(format)?.toString('utf8') ?? '';
  const records = text('jsonl')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const signed = records.find(({ kind }) => kind === 'command.signed') as { seq: number; signature: { jws: string } };
  const parts = unzipSync(files.get('xlsx') ?? new Uint8Array());
  const sheet = strFromU8(parts['xl/worksheets/sheet2.xml'] ?? new Uint8Array());
  expect(sheet.match(/<row /g)).toHaveLength(records.length + 1);
  expect(strFromU8(parts['xl/worksheets/sheet1.xml'] ?? new Uint8Array())).toContain('Countersign demo plant');
  for (const shown of [text('csv'), sheet, text('html')]) {
    for (const part of [
      'Olivia Brandt (operator)',
      'esponsibility',
      signed.signature.jws,
      'Kultur wächst langsam, 培养缓慢',
    ])
      expect(shown).toContain(part);
    for (const record of records) expect(shown).toContain(String(record.time));
  }
  expect(text('csv')).toContain("'=1+1");
  expect(files.get('pdf')?.subarray(0, 8).toString('latin1')).toBe('%PDF-1.7');
  expect(files.get('pdf')?.subarray(-6).toString('latin1')).toBe('%%EOF\n');
});

test('AUD-1: an export is one record with filter and count, made when the link is used and not before', async () => {
  const before = (await kinds('audit.exported')).length;
  const { body, status } = await prepare('csv', { kind: 'command.', outcome: 'confirmed' });
  expect([status, body.count, body.state]).toEqual([201, 1, 'ready']);
  expect(await kinds('audit.exported')).toHaveLength(before);
  expect((await fetchLink(body.link, qa.cookie)).status).toBe(200);
  const recorded = await kinds('audit.exported');
  expect(recorded).toHaveLength(before + 1);
  expect(recorded.at(-1)).toMatchObject({
    actor: { id: 'qa' },
    detail: { format: 'csv', filter: { kind: 'command.', outcome: 'confirmed' }, records: 1 },
  });
});

test('AUD-6: a link works once, only with the cookie of its own session, and nobody without the right gets one', async () => {
  const refused = await prepare('csv', {}, operator);
  expect(refused).toMatchObject({ status: 403, body: { code: 'right-missing' } });
  const { body } = await prepare('jsonl');
  expect((await fetchLink(body.link, undefined)).status).toBe(401);
  const foreign = await fetchLink(body.link, operator.cookie);
  const problem = (await foreign.json()) as { code: string; record: number };
  expect([foreign.status, problem.code]).toEqual([403, 'terminal-foreign-session']);
  expect((await plant.records())[problem.record]).toMatchObject({ kind: 'request.refused' });
  expect((await fetchLink(body.link.replace(/key=.{8}/, 'key=AAAAAAAA'), qa.cookie)).status).toBe(404);
  const exported = (await kinds('audit.exported')).length;
  expect((await fetchLink(body.link, qa.cookie)).status).toBe(200);
  expect((await fetchLink(body.link, qa.cookie)).status).toBe(404);
  expect(await kinds('audit.exported')).toHaveLength(exported + 1);
});

test('AUD-6: cancelled before its first byte, an export leaves no record and its link is worth nothing', async () => {
  const exported = (await kinds('audit.exported')).length;
  const { body } = await prepare('pdf');
  expect((await qa.send('DELETE', `/audit/exports/${body.id}`)).status).toBe(204);
  expect((await fetchLink(body.link, qa.cookie)).status).toBe(404);
  expect((await stateOf(body.id)).state).toBe('cancelled');
  expect(await kinds('audit.exported')).toHaveLength(exported);
  expect(codeOf(await operator.send('DELETE', `/audit/exports/${body.id}`))).toBe('right-missing');
});

test('AUD-6: filters by area, outcome, risk and words; what contradicts itself finds nothing, an unknown area is named', async () => {
  const found = async (query: string) =>
    (await qa.get<{ records: { kind: string; subject: string }[] }>(`/audit?limit=500&${query}`)).body.records;
  expect((await found('text=wachst')).length).toBe(0);
  expect((await found('text=W%C3%84CHST%20kultur')).map(({ kind }) => kind)).toEqual(['command.signed']);
  const upstream = (await found('area=upstream')).map(({ subject }) => subject);
  expect(upstream).toContain('BR101.TIC.SP');
  expect(upstream.every((subject) => subject.startsWith('BR101.'))).toBe(true);
  expect(await found('area=utilities&kind=command.')).toEqual([]);
  expect((await found('outcome=confirmed')).map(({ kind }) => kind)).toEqual(['command.confirmed']);
  expect((await found('outcome=refused&risk=medium')).map(({ kind }) => kind)).toContain('request.refused');
  expect(await found('outcome=confirmed&risk=high')).toEqual([]);
  expect(codeOf(await qa.get('/audit?area=nowhere'))).toBe('not-found');
  expect(codeOf(await prepare('csv', { area: 'nowhere' }))).toBe('not-found');
});

test('AUD-1, AUD-6: the tail of an opened view brings what is new and records nothing; without a view it is one', async () => {
  type Tail = { records: { seq: number; kind: string }[]; newest: number };
  const filter = 'kind=session.opened';
  const first = await qa.get<{ records: { seq: number }[] }>(`/audit?${filter}`);
  const viewed = (await kinds('audit.viewed')).length;
  const newest = first.body.records[0]?.seq ?? -1;
  const quiet = await qa.get<Tail>(`/audit/tail?${filter}&newer=${newest}`);
  expect(quiet.body.records).toEqual([]);
  await plant.person('engineer');
  const tail = await qa.get<Tail>(`/audit/tail?${filter}&newer=${quiet.body.newest}`);
  expect(tail.body.records.map(({ kind }) => kind)).toEqual(['session.opened']);
  expect(await kinds('audit.viewed')).toHaveLength(viewed);
  // Reading on in what one has not opened is opening it.
  await qa.get('/audit/tail?kind=gateway.started&newer=-1');
  await qa.get('/audit?kind=gateway.&after=100000');
  expect(await kinds('audit.viewed')).toHaveLength(viewed + 2);
});

test('AUD-6: in the browser the trail is narrowed by words, followed live, and exported as a PDF with its progress', async () => {
  let browser: Browser | undefined;
  try {
    browser = await launchBrowser();
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, acceptDownloads: true });
    const page = await context.newPage();
    page.setDefaultTimeout(patienceMs);
    await page.goto(plant.origin);
    await page.getByLabel('User name').fill('qa');
    await page.getByLabel('Password', { exact: true }).fill(demoPassword);
    await page.keyboard.press('Enter');
    await page.locator('.cs-header').waitFor();
    await page.goto(`${plant.origin}/audit`);
    await page.getByRole('heading', { name: 'Audit trail' }).waitFor();
    await page.getByLabel('Words in comments').fill('kultur');
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    await expect.poll(() => page.locator('tbody tr').count()).toBe(1);
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.getByRole('switch', { name: 'Live' }).click({ force: true });
    const rows = await page.locator('tbody tr').count();
    await plant.person('engineer');
    await expect.poll(() => page.locator('tbody tr').count()).toBeGreaterThan(rows);
    await page.getByRole('button', { name: 'Export', exact: true }).click();
    const downloading = page.waitForEvent('download');
    await page.getByRole('button', { name: /^PDF/ }).click();
    const download = await downloading;
    expect(download.suggestedFilename()).toMatch(/^audit-.*\.pdf$/);
    await page.locator('.cs-export[data-state="done"]').waitFor();
    if (process.env.COUNTERSIGN_TEST_SCREENSHOTS !== undefined) {
      await page.screenshot({ path: `${process.env.COUNTERSIGN_TEST_SCREENSHOTS}/audit-1280.png` });
      await page.setViewportSize({ width: 1920, height: 1080 });
      await page.getByRole('button', { name: 'Export', exact: true }).click();
      await page.screenshot({ path: `${process.env.COUNTERSIGN_TEST_SCREENSHOTS}/audit-1920.png` });
      await download.saveAs(`${process.env.COUNTERSIGN_TEST_SCREENSHOTS}/audit.pdf`);
    }
  } finally {
    await browser?.close();
  }
});
