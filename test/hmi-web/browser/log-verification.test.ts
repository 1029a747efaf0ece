// What a person sees of the gateway's own check of its log (AUD-5), in a real browser.
import { expect, test } from 'vitest';
import { setpointKey, signIn } from '../support/open-page.ts';
import { scriptedPage } from '../support/scripted-page.ts';

const scene = scriptedPage();

test('AUD-5: the audit page shows when the log was found whole; an altered record is told in every view until it is put back', async () => {
  const { page } = scene.opened;
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
  scene.gateway.verified({ altered });
  await notice.waitFor();
  await expect.poll(() => notice.textContent()).toContain('record 41 is not what was recorded');
  scene.gateway.verified({ altered: null });
  await notice.waitFor({ state: 'detached' });
});
