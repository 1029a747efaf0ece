// What a person sees of how the log is kept (AUD-3, AUD-7, AUD-10), in a real browser: witnesses, receivers, archives, the key;
// and the alarm of a witness that contradicts the log.
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { launchBrowser } from '../../support/browser.ts';
import { type OpenedPage, openPage, setpointKey, signIn } from '../support/open-page.ts';
import { type ScriptedGateway, startScriptedGateway } from '../support/scripted-gateway.ts';

let browser: Browser;
let gateway: ScriptedGateway;
let opened: OpenedPage;

beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser?.close());
beforeEach(async () => {
  gateway = await startScriptedGateway();
  opened = await openPage(browser, gateway);
  await signIn(opened.page);
  await setpointKey(opened.page, 'BR101.TIC.SP').waitFor();
});
afterEach(async () => {
  await opened.close();
  await gateway.stop();
  expect(opened.faults).toEqual([]);
});

async function openKeeping(): Promise<void> {
  await opened.page.getByRole('link', { name: 'Audit trail' }).click();
  await opened.page.getByRole('link', { name: 'How the log is kept' }).click();
  await opened.page.getByRole('heading', { name: 'Witnesses' }).waitFor();
}

test('AUD-3: where there is no witness the page says what that means; the key in use and the periods are shown', async () => {
  await openKeeping();
  const { page } = opened;
  await page.getByText('No witness is configured.').waitFor();
  await page.getByText('plant.example/log+1a2b3c4d+AbCd').waitFor();
  await page.getByText('nothing is old enough').waitFor();
  await page.getByText('No receiver is configured').waitFor();
});

test('AUD-3, AUD-7, AUD-10: how far each witness and receiver is, why one is not, and what became of each archive', async () => {
  gateway.keeping.witnesses = [
    {
      name: 'witness.quality.example',
      url: 'https://witness.quality.example',
      state: 'cosigning',
      why: null,
      size: 1200,
      cosignedAt: new Date(Date.now() - 65_000).toISOString(),
    },
    { name: 'w2.example', url: 'https://w2.example', state: 'lost', why: 'connect refused', size: 0, cosignedAt: null },
  ];
  gateway.keeping.parts = { ...gateway.keeping.parts, forwarding: { siem: { state: 'lost', behind: 17 } } };
  const archive = { first: 2, through: 90, file: 'records-2-90.bundle', sha256: 'f'.repeat(64) };
  gateway.keeping.archives = {
    ...gateway.keeping.archives,
    archives: [{ ...archive, ordered: 95, state: 'failed', removed: null, trouble: 'the bundle holds 3 records less' }],
  };
  await openKeeping();
  const row = async (name: string) => {
    const found = opened.page.getByRole('row').filter({ hasText: name });
    await found.waitFor();
    return (await found.textContent()) ?? '';
  };
  expect(await row('witness.quality.example')).toMatch(/Cosigning.*1,200 records.*4 still to come.*age 1\u00a0min/);
  expect(await row('w2.example')).toMatch(
    /Does not answer.*connect refused.*tried again.*not since the gateway started/,
  );
  expect(await row('siem')).toMatch(/Does not answer.*17 records/);
  expect(await row('no. 95')).toMatch(/no\. 2 to 90.*Failed, nothing removed.*3 records less/);
  await opened.page.getByRole('row').filter({ hasText: 'siem' }).getByRole('link', { name: 'Records' }).click();
  await expect.poll(() => opened.page.getByLabel('Kind').inputValue()).toBe('forwarding.lost');
});

test('AUD-3: a witness that contradicts the log is an alarm in every view, with what to do', async () => {
  const { page } = opened;
  gateway.keeping.witnesses = [
    {
      name: 'w.example',
      url: 'https://w.example',
      state: 'conflict',
      why: 'It has more.',
      size: 2000,
      cosignedAt: null,
    },
  ];
  await page.reload();
  const notice = page.getByRole('alert').filter({ hasText: 'w.example contradicts the audit log.' });
  await notice.waitFor();
  await expect.poll(() => notice.textContent()).toContain('Stop the gateway');
  await page.getByRole('link', { name: 'Tags' }).click();
  await expect.poll(() => notice.count()).toBe(1);
  await notice.getByRole('link').click();
  await expect
    .poll(() => page.getByRole('row').filter({ hasText: 'w.example' }).textContent())
    .toContain('Contradicts the log');
});
