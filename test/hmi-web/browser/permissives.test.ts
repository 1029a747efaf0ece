// The conditions of a setpoint in the change dialog, in a real browser (CMD-2): each with its state, followed while open.
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { PermissiveState, TagView } from '../../../gateway/contract/tag.ts';
import { launchBrowser } from '../../support/browser.ts';
import { type OpenedPage, openPage, setpointKey, signIn } from '../support/open-page.ts';
import { type ScriptedGateway, startScriptedGateway } from '../support/scripted-gateway.ts';

let browser: Browser;
let gateway: ScriptedGateway;
let opened: OpenedPage;
let permissives: PermissiveState[] = [];
const page = () => opened.page;

beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser?.close());
beforeEach(async () => {
  gateway = await startScriptedGateway();
  opened = await openPage(browser, gateway);
  await page().route('**/api/v1/tags/BR101.TIC.SP', async (route) => {
    const response = await route.fetch();
    const tag = (await response.json()) as TagView;
    await route.fulfill({ response, json: { ...tag, setpoint: { ...tag.setpoint, permissives } } });
  });
  await signIn(page());
  await setpointKey(page(), 'BR101.TIC.SP').waitFor();
  await page().locator('.cs-frame[data-link="live"]').waitFor();
});
afterEach(async () => {
  await opened.close();
  await gateway.stop();
  expect(opened.faults).toEqual([]);
});

describe('CMD-2: what must hold for a change', () => {
  test('CMD-2, HMI-2: each condition says in words how it stands and on what, and follows the plant while open', async () => {
    permissives = [
      {
        name: 'Controller in automatic',
        met: false,
        present: 'BR101.TIC.MODE: Manual',
        remedy: 'Switch it over first.',
      },
      { name: 'Vessel filled', met: true, present: 'BR101.LIC.PV: 62.4 %', remedy: 'Fill it.' },
      { name: 'Step allowed', met: null, present: 'BR101.PHASE: Growth', remedy: '' },
    ];
    await setpointKey(page(), 'BR101.TIC.SP').focus();
    await page().keyboard.press('Enter');
    const list = page().getByRole('region', { name: 'Conditions for this change' });
    await list.waitFor();
    const said = async () =>
      (await list.getByRole('listitem').allInnerTexts()).map((text) => text.replaceAll(/\s+/g, ' '));
    expect(await said()).toEqual([
      'Controller in automatic not met BR101.TIC.MODE: Manual · Switch it over first.',
      'Vessel filled met BR101.LIC.PV: 62.4 %',
      'Step allowed judged with the new value BR101.PHASE: Growth',
    ]);
    // What was typed stays while the states are asked again.
    await page().getByLabel('New value').fill('37.4');
    permissives = permissives.map((one) => ({
      ...one,
      met: true,
      present: one.present.replace('Manual', 'Automatic'),
    }));
    await expect.poll(async () => (await said())[0]).toBe('Controller in automatic met BR101.TIC.MODE: Automatic');
    await expect.poll(() => page().getByLabel('New value').inputValue()).toBe('37.4');
    const button = page().getByRole('button', { name: 'Sign and send' });
    const box = await button.boundingBox();
    expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThanOrEqual(page().viewportSize()?.height ?? 0);
    if (process.env.COUNTERSIGN_SHOT !== undefined) await page().screenshot({ path: process.env.COUNTERSIGN_SHOT });
  });
});
