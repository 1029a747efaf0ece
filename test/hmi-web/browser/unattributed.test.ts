// A setpoint changed past the gateway, as an operator meets it in a real browser (CMD-11).
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { setpointKey, signIn } from '../support/open-page.ts';
import { scriptedPage } from '../support/scripted-page.ts';

const scene = scriptedPage();

async function signedIn(): Promise<Page> {
  const { page } = scene.opened;
  await signIn(page);
  await setpointKey(page, 'BR101.TIC.SP').waitFor();
  await page.locator('.cs-frame[data-link="live"]').waitFor();
  return page;
}

test('CMD-11: a notice tells the change, in nobody’s way, until it is put away', async () => {
  const page = await signedIn();
  const notice = page.locator('.cs-unattributed');
  expect(await notice.count()).toBe(0);
  scene.gateway.changeOutside('BR101.TIC.SP', 38);
  await notice.waitFor();
  await expect
    .poll(() => notice.textContent())
    .toContain('BR101.TIC.SP was changed outside Countersign: 37.0 → 38.0\u00a0°C');
  // The page under it can be used: a setpoint's dialog opens, and the notice is still there afterwards.
  await setpointKey(page, 'BR101.TIC.SP').click();
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await notice.getByRole('button').click();
  await notice.waitFor({ state: 'detached' });
  await page.reload();
  await setpointKey(page, 'BR101.TIC.SP').waitFor();
  await page.locator('.cs-frame[data-link="live"]').waitFor();
  scene.gateway.changeOutside('BR101.PH.SP', 7);
  await notice.waitFor();
  await expect.poll(() => notice.textContent()).toContain('BR101.PH.SP');
  expect(await notice.textContent()).not.toContain('more like it');
});

test('CMD-11: the notice leads to the record in the trail, and to the list of all such changes', async () => {
  const page = await signedIn();
  scene.gateway.changeOutside('BR101.TIC.SP', 38);
  const notice = page.locator('.cs-unattributed');
  await notice.getByRole('link', { name: 'Show the record' }).click();
  await page.getByRole('heading', { name: 'Audit trail' }).waitFor();
  const kind = page.getByLabel('Kind');
  await kind.waitFor();
  await expect.poll(() => kind.inputValue()).toBe('setpoint.unattributed');
  await expect.poll(() => page.getByLabel('Tag or subject').inputValue()).toBe('BR101.TIC.SP');
  await notice.getByRole('link', { name: 'All such changes' }).click();
  await page.getByRole('heading', { name: 'Changed outside Countersign' }).waitFor();
  await expect.poll(() => page.locator('tbody tr').count()).toBe(1);
  scene.gateway.changeOutside('BR101.PH.SP', 7);
  await expect.poll(() => page.locator('tbody tr').count()).toBe(2);
  await expect.poll(() => page.locator('tbody tr').first().textContent()).toContain('BR101.PH.SP');
});
