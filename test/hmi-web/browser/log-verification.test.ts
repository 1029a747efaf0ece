// What a person sees of the gateway's own check of its log (AUD-5), in a real browser.
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
});
afterEach(async () => {
  await opened.close();
  await gateway.stop();
  expect(opened.faults).toEqual([]);
});

test('AUD-5: the audit page shows when the log was found whole; an altered record is told in every view until it is put back', async () => {
  const { page } = opened;
  await signIn(page);
  await setpointKey(page, 'BR101.TIC.SP').waitFor();
  await page.locator('.cs-frame[data-link="live"]').waitFor();
  const notice = page.getByRole('alert').filter({ hasText: 'The audit log was altered' });
  await page.getByRole('link', { name: 'Audit' }).first().click();
  const line = page.getByLabel('Verification of the log');
  await line.waitFor();
  await expect.poll(() => line.textContent()).toContain('1,204 records, 37 signatures');
  expect(await notice.count()).toBe(0);
  const altered = {
    seq: 41,
    through: null,
    why: 'its bytes were changed',
    foundAt: new Date().toISOString(),
    record: 1205,
  };
  gateway.verified({ altered });
  await notice.waitFor();
  await expect.poll(() => notice.textContent()).toContain('record 41 is not what was recorded');
  gateway.verified({ altered: null });
  await notice.waitFor({ state: 'detached' });
});
