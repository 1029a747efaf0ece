import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ApiClient } from '../support/api-client.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { newMachine, type TestMachine } from '../support/machine.ts';

let house: TestGateway;
let admin: ApiClient;
let script: TestMachine;

beforeAll(async () => {
  house = await startTestGateway();
  admin = await house.person('admin');
  script = await newMachine(admin, 'batch system', ['post-events'], ['upstream']);
});
afterAll(() => house?.stop());

const started = { event: 'batch.started', area: 'upstream', fields: { batch: 'B-1042', product: 'mAb-7' } };

it('AUD-9: an event of a script is a record in the plant’s words, in all its languages', async () => {
  const answer = await script.send('POST', '/events', { ...started, occurredAt: '2026-11-22T06:00:00Z' });
  expect(answer).toMatchObject({
    status: 201,
    body: { message: 'Batch B-1042 of mAb-7 started', language: 'en' },
  });
  const record = (await house.records()).find(({ seq }) => seq === answer.body.record);
  expect(record).toMatchObject({
    kind: 'event.posted',
    subject: 'area:upstream',
    actor: { id: `token:${script.id}`, name: 'batch system' },
    terminal: null,
    address: '127.0.0.1',
    detail: {
      event: 'batch.started',
      fields: started.fields,
      occurredAt: '2026-11-22T06:00:00Z',
      message: 'Batch B-1042 of mAb-7 started',
      messages: { de: 'Charge B-1042 von mAb-7 begonnen', pt: 'Lote B-1042 de mAb-7 iniciado' },
    },
  });
});

it('AUD-9: an event without configured words is taken, and says that nobody gave it any', async () => {
  const answer = await script.send('POST', '/events', {
    event: 'filter.changed',
    tagId: 'BR101.TIC.PV',
    fields: { filter: 'F-7', hours: 12.5, leak: false },
  });
  expect(answer).toMatchObject({
    status: 201,
    body: { message: 'filter.changed (filter F-7, hours 12.5, leak false)', language: null },
  });
  const page = await admin.get<{ records: { seq: number; subject: string }[] }>('/audit?kind=event.posted');
  expect(page.body.records[0]).toMatchObject({ seq: answer.body.record, subject: 'BR101.TIC.PV' });
});

it('AUD-9: the plant’s words for kinds of records are there for whoever shows the trail', async () => {
  const { body } = await admin.get('/messages');
  expect(body).toMatchObject({
    languages: ['en', 'de', 'pt'],
    records: { 'command.confirmed': { de: expect.stringContaining('{subject}') } },
  });
});

const refusals: readonly {
  readonly title: string;
  readonly body: object;
  readonly status: number;
  readonly code: string;
}[] = [
  {
    title: 'for an area that is not its own',
    body: { ...started, area: 'utilities' },
    status: 403,
    code: 'right-missing',
  },
  { title: 'about a tag that there is not', body: { ...started, tagId: 'NO.SUCH' }, status: 404, code: 'tag-unknown' },
  {
    title: 'about a tag of another area',
    body: { ...started, tagId: 'WFI.TIC.PV' },
    status: 400,
    code: 'malformed-request',
  },
  { title: 'about nothing', body: { event: 'batch.started' }, status: 400, code: 'malformed-request' },
  { title: 'without a field', body: { ...started, fields: { batch: 'B' } }, status: 400, code: 'malformed-request' },
  {
    title: 'with a field too many',
    body: { ...started, fields: { ...started.fields, who: 'me' } },
    status: 400,
    code: 'malformed-request',
  },
  {
    title: 'that passes for a record of the gateway',
    body: { event: 'command.confirmed', area: 'upstream' },
    status: 400,
    code: 'malformed-request',
  },
];
it.each(refusals)('AUD-9: refuses an event $title, on record', async ({ body, status, code }) => {
  const answer = await script.send('POST', '/events', body);
  expect(answer).toMatchObject({ status, body: { code } });
  const record = (await house.records()).find(({ seq }) => seq === answer.body.record);
  expect(record).toMatchObject({
    kind: 'event.refused',
    actor: { id: `token:${script.id}` },
    detail: { code },
  });
});

it('AUD-9: only a token that may post events does; a person and another token may not', async () => {
  const before = (await house.records()).at(-1)?.seq ?? 0;
  const reader = await newMachine(admin, 'historian', ['read-audit'], ['upstream']);
  expect(await reader.send('POST', '/events', started)).toMatchObject({ status: 403, body: { code: 'scope-missing' } });
  expect(await admin.post('/events', started)).toMatchObject({ status: 401 });
  const after = await house.records(before);
  expect(after.filter(({ kind }) => kind === 'event.posted')).toEqual([]);
  expect(after.filter(({ kind }) => kind === 'event.refused')).toHaveLength(2);
});

it('AUD-9, AUD-6: exports say a record in the plant’s words, and where these are missing', async () => {
  const qa = await house.person('qa');
  const csv = await qa.get<string>('/audit/export?format=csv&area=upstream&kind=event.posted');
  expect(csv.status).toBe(200);
  expect(csv.body).toContain('Batch B-1042 of mAb-7 started');
  expect(csv.body).toContain('"filter.changed (filter F-7, hours 12.5, leak false) [no words configured]"');
  const html = await qa.get<string>('/audit/export?format=html&area=upstream');
  expect(html.body).toContain('Batch B-1042 of mAb-7 started');
});
