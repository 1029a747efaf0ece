// What holds on every page (HMI-2): a finger hits what can be pressed, nothing leaves the screen sideways at 1280 px, nothing
// lies over the page, everything that can be pressed has a name. In a real browser, the header at its fullest.
import type { Browser, Page } from 'playwright-core';
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

type Faults = { readonly small: readonly string[]; readonly nameless: readonly string[]; readonly beyond: string[] };

/** What is pressed or typed in is 44 px high, or its label or its cell is. */
function faultsOf(page: Page): Promise<Faults> {
  return page.evaluate(() => {
    const shown = [
      ...document.querySelectorAll<HTMLElement | SVGElement>(
        'a[href],button,input,select,textarea,summary,[role="button"]',
      ),
    ].filter((element) => element.checkVisibility() && element.tabIndex >= 0 && !element.matches('.cs-skip'));
    const told = (element: Element) => `${element.localName} ${(element.textContent ?? '').trim().slice(0, 40)}`;
    const height = (element: Element | null | undefined) => element?.getBoundingClientRect().height ?? 0;
    const small = shown.filter((element) => {
      const labels = element instanceof HTMLInputElement ? [...(element.labels ?? [])] : [];
      const around = element.closest('.mantine-Input-wrapper, .mantine-Switch-body, .cs-choice label');
      return Math.max(height(element), height(around), ...labels.map(height)) < 43.5;
    });
    const nameless = shown.filter((element) => {
      const labelled = element instanceof HTMLInputElement || element instanceof HTMLSelectElement;
      const words = labelled ? [...(element.labels ?? [])].map((label) => label.textContent).join('') : '';
      return `${words}${element.getAttribute('aria-label') ?? ''}${element.textContent ?? ''}`.trim() === '';
    });
    const header = document.querySelector('.cs-header');
    const beyond = [document.documentElement, document.querySelector('.cs-content'), header]
      .filter((element) => element !== null)
      .filter((element) => element.scrollWidth > element.clientWidth)
      .map(told);
    return { small: small.map(told), nameless: nameless.map(told), beyond };
  });
}
const none: Faults = { small: [], nameless: [], beyond: [] };

test('HMI-2: on each page a finger hits what can be pressed, and nothing is wider than a screen of 1280 px', async () => {
  const { page } = opened;
  await page.getByLabel('User name').waitFor();
  expect(await faultsOf(page)).toEqual(none);
  await signIn(page);
  await setpointKey(page, 'BR101.TIC.SP').waitFor();
  await page.locator('.cs-frame[data-link="live"]').waitFor();
  // Both connections lost take most of the header.
  for (const id of ['bioreactor', 'water'])
    gateway.setConnection(id, { state: 'lost', error: 'no answer', since: new Date().toISOString() });
  gateway.changeOutside('BR101.TIC.SP', 38);
  await page.locator('.cs-unattributed').waitFor();
  await page.getByText('lost since').nth(1).waitFor();
  expect(await faultsOf(page)).toEqual(none);
  for (const [name, part] of [
    ['Tags', '.cs-table tbody tr'],
    ['Commands', '.cs-table'],
    ['Audit trail', '.cs-table tbody tr'],
  ] as const) {
    await page.getByRole('link', { name, exact: true }).click();
    await page.locator(part).first().waitFor();
    expect(await faultsOf(page), name).toEqual(none);
  }
  await page.getByRole('link', { name: 'Process' }).click();
  await setpointKey(page, 'BR101.PH.SP').click();
  // Its name is that of the setpoint that it changes.
  await page.getByRole('dialog', { name: 'Bioreactor pH setpoint' }).getByLabel('New value').waitFor();
  expect(await faultsOf(page)).toEqual(none);
});

test('HMI-2, CMD-11: the notice of a change covers nothing of the page', async () => {
  const { page } = opened;
  await signIn(page);
  await setpointKey(page, 'BR101.TIC.SP').waitFor();
  gateway.changeOutside('BR101.TIC.SP', 38);
  const notice = await page.locator('.cs-unattributed').boundingBox();
  const content = await page.locator('.cs-content').boundingBox();
  expect(notice).not.toBeNull();
  expect((content?.y ?? 0) + (content?.height ?? 0)).toBeLessThanOrEqual((notice?.y ?? 0) + 0.5);
});
