// The reviewer's work in a real browser against the whole house (AUD-8), and the plant's own words in the trail (AUD-9).
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { demoPassword, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { newMachine } from '../support/machine.ts';
import { patienceMs } from '../support/until.ts';

const hmiFolder = join(import.meta.dirname, '../../hmi-web/dist');
let house: TestGateway;
let browser: Browser;
let page: Page;
const faults: string[] = [];

beforeAll(async () => {
  if (!existsSync(join(hmiFolder, 'index.html')))
    throw new Error('The HMI is not built: run `npm test`, which builds it, or `npx vite build hmi-web`.');
  [house, browser] = await Promise.all([startTestGateway({ hmiFolder }), launchBrowser()]);
  const operator = await house.person('operator');
  const script = await newMachine(await house.person('admin'), 'batch system', ['post-events'], ['upstream']);
  await script.send('POST', '/events', {
    event: 'batch.started',
    area: 'upstream',
    fields: { batch: 'B-1042', product: 'mAb-7' },
  });
  await script.send('POST', '/events', {
    event: 'lab.result',
    area: 'upstream',
    fields: { sample: 'S-1', parameter: 'pH', value: 7.1 },
  });
  await script.send('POST', '/events', { event: 'filter.changed', area: 'upstream', fields: { filter: 'F-7' } });
  await operator.ask('BR101.TIC.SP', 99);
  await house.person('qa');
  page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage();
  page.setDefaultTimeout(patienceMs);
  page.on('pageerror', (error) => faults.push(error.message));
  await page.goto(house.origin);
  await page.getByLabel('User name').fill('qa');
  await page.getByLabel('Password', { exact: true }).fill(demoPassword);
  await page.keyboard.press('Enter');
  await page.locator('.cs-frame[data-link="live"]').waitFor();
});
afterAll(async () => {
  await browser?.close();
  await house?.stop();
  expect(faults).toEqual([]);
});

it('AUD-9: the trail speaks the plant’s languages, and says where it falls back', async () => {
  await page.getByRole('link', { name: 'Audit trail' }).click();
  const row = (words: string) => page.locator('tbody tr', { hasText: words });
  await row('Batch B-1042 of mAb-7 started').waitFor();
  await page.getByLabel('Messages in').selectOption('pt');
  await row('Lote B-1042 de mAb-7 iniciado').waitFor();
  await expect.poll(() => row('Laboratory: pH of sample S-1 is 7.1').textContent()).toContain('only in English');
  await expect.poll(() => row('filter.changed (filter F-7)').textContent()).toContain('no words configured');
});

it('AUD-8: a reviewer finds what stands out, comments on it and signs; what is left is shown', async () => {
  await page.getByRole('link', { name: 'Review', exact: true }).click();
  const unreviewed = page
    .locator('tbody tr', { hasText: 'Commands and setpoints' })
    .filter({ hasText: 'Upstream', has: page.getByRole('button', { name: 'Review' }) });
  await unreviewed.getByRole('button', { name: 'Review' }).click();
  await page.getByRole('heading', { name: 'One deserves a look' }).waitFor();
  const refused = page.locator('tbody tr', { hasText: 'BR101.TIC.SP' });
  await refused.getByRole('button', { name: 'Refused' }).click();
  await page.getByLabel('Comment on this record').fill('Typing error, asked Olivia.');
  await page.getByRole('button', { name: 'Comment', exact: true }).click();
  await page.locator('.cs-review-comments p', { hasText: 'Typing error, asked Olivia.' }).waitFor();

  await page.getByRole('button', { name: 'Sign the review' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Comment').fill('One typing error.');
  await expect.poll(() => dialog.locator('.cs-to-sign').textContent()).toContain('Refused 1');
  await dialog.getByLabel('User name').fill('qa');
  await dialog.getByLabel('Password', { exact: true }).fill(demoPassword);
  await dialog.getByRole('button', { name: 'Sign the review' }).click();
  await page.getByText('Review signed').waitFor();
  await page.locator('tbody tr', { hasText: 'One typing error.' }).waitFor();
  await unreviewed.waitFor({ state: 'detached' });
  await expect.poll(() => page.locator('tbody tr', { hasText: 'People and terminals' }).count()).toBe(1);

  const records = await house.records();
  const refusal = records.find(({ kind }) => kind === 'command.refused');
  expect(records.find(({ kind }) => kind === 'review.commented')).toMatchObject({
    subject: `record:${refusal?.seq}`,
    actor: { id: 'qa' },
  });
  expect(records.find(({ kind }) => kind === 'review.signed')).toMatchObject({
    actor: { id: 'qa' },
    meaning: 'review',
    reason: { comment: 'One typing error.' },
    new: { topics: ['commands'], area: 'upstream', findings: { refusal: 1 }, comments: 1, byPerson: { operator: 1 } },
  });
});
