// What holds on every page (HMI-2): a finger hits what can be pressed, nothing leaves the screen sideways at 1280 px, nothing
// lies over the page, everything that can be pressed has a name. In a real browser, the header at its fullest.
import { randomUUID } from 'node:crypto';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { type CommandView, commandViewSchema } from '../../../gateway/contract/command.ts';
import { setpointKey, signIn } from '../support/open-page.ts';
import { scriptedPage } from '../support/scripted-page.ts';

const scene = scriptedPage();

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
      const labelled =
        element instanceof HTMLInputElement ||
        element instanceof HTMLSelectElement ||
        element instanceof HTMLTextAreaElement;
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
/** As the gateway tells of a command that was carried out on one signature. */
function carriedOut(tagId: string, overdue: boolean): CommandView {
  const time = new Date().toISOString();
  return commandViewSchema.parse({
    id: randomUUID(),
    tagId,
    area: 'upstream',
    description: 'A setpoint',
    unit: '%',
    value: 42,
    observed: { value: 40, quality: 'good', sourceTime: time },
    state: 'confirmed',
    askedBy: { id: 'operator', printedName: 'Olivia Brandt' },
    askedAt: time,
    expiresAt: time,
    signatures: [],
    missingSignatures: 0,
    stages: [],
    readBack: null,
    outcome: null,
    breakGlass: { missing: 1, dueAt: time, overdue },
  });
}
const none: Faults = { small: [], nameless: [], beyond: [] };

test('HMI-2: on each page a finger hits what can be pressed, and nothing is wider than a screen of 1280 px', async () => {
  const { page } = scene.opened;
  await page.getByLabel('User name').waitFor();
  expect(await faultsOf(page)).toEqual(none);
  await signIn(page);
  await setpointKey(page, 'BR101.TIC.SP').waitFor();
  await page.locator('.cs-frame[data-link="live"]').waitFor();
  // Both connections lost take most of the header.
  for (const id of ['bioreactor', 'water'])
    scene.gateway.setConnection(id, { state: 'lost', error: 'no answer', since: new Date().toISOString() });
  scene.gateway.changeOutside('BR101.TIC.SP', 38);
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
  const dialog = page.getByRole('dialog', { name: 'Bioreactor pH setpoint' });
  await dialog.getByLabel('New value').waitFor();
  // The whole of it: what a signature must bring is asked for when the dialog opens.
  await dialog.getByRole('textbox', { name: 'Comment' }).waitFor();
  expect(await faultsOf(page)).toEqual(none);
});

/** Links, buttons and setpoint keys on the screen of which a finger in the middle hits something else. */
const coveredOf = (page: Page) =>
  page.evaluate(() => {
    const missed: string[] = [];
    for (const part of document.querySelectorAll('.cs-frame a[href], .cs-frame button, .cs-key')) {
      const { x, y, width, height } = part.getBoundingClientRect();
      const [middle, centre] = [x + width / 2, y + height / 2];
      const place = part.closest('.cs-content')?.getBoundingClientRect();
      // What is scrolled away is not on the screen.
      if (!part.checkVisibility() || part.matches('.cs-skip') || (place !== undefined && centre > place.bottom))
        continue;
      const hit = document.elementFromPoint(middle, centre);
      const own = part.closest('[role="button"]') ?? part;
      if (hit === null || !own.contains(hit)) missed.push(`${part.textContent} (${hit?.localName}.${hit?.className})`);
    }
    return missed;
  });

test.each([
  { width: 1280, height: 800 },
  { width: 1024, height: 768 },
])(
  'HMI-2, CMD-13: with everything amiss at once at $width px, keys are as large as a finger, and each link opens its own',
  async (size) => {
    const { page } = scene.opened;
    await page.setViewportSize(size);
    for (const tagId of ['BR101.DO.SP', 'BR101.SIC.SP', 'WFI.FIC.SP', 'WFI.TIC.SP'])
      scene.gateway.owed.push(carriedOut(tagId, tagId === 'WFI.TIC.SP'));
    await signIn(page);
    await setpointKey(page, 'BR101.TIC.SP').waitFor();
    for (const id of ['bioreactor', 'water'])
      scene.gateway.setConnection(id, { state: 'lost', error: 'no answer', since: new Date().toISOString() });
    scene.gateway.changeOutside('BR101.TIC.SP', 38);
    await page.locator('.cs-unattributed').waitFor();
    await page.getByText('lost since').nth(1).waitFor();
    const notice = page.getByRole('alert').filter({ hasText: 'Countersignatures after break-glass are overdue.' });
    // Three by name, the overdue one before all others; the rest is counted.
    await expect.poll(() => notice.getByRole('link').allInnerTexts()).toHaveLength(4);
    await expect.poll(() => notice.locator('p').first().innerText()).toMatch(/^WFI\.TIC\.SP .* overdue since/);
    expect(await notice.innerText()).toContain('And 1 more');
    expect(await faultsOf(page)).toEqual(none);
    expect(await coveredOf(page)).toEqual([]);
    const keys = await page
      .locator('.cs-key')
      .evaluateAll((all) => all.map((key) => key.getBoundingClientRect().height));
    expect(keys.length).toBeGreaterThan(3);
    expect(Math.min(...keys)).toBeGreaterThanOrEqual(43.5);
    const header = await page.locator('.cs-header').boundingBox();
    for (const part of await page.locator('.cs-person, .cs-chips li, .cs-clock').all()) {
      const box = await part.boundingBox();
      expect(box).not.toBeNull();
      expect((box?.x ?? 0) + (box?.width ?? 0), await part.innerText()).toBeLessThanOrEqual(size.width + 0.5);
      expect((box?.y ?? 0) + (box?.height ?? 0), await part.innerText()).toBeLessThanOrEqual(
        (header?.y ?? 0) + (header?.height ?? 0) + 0.5,
      );
    }
  },
);

test('HMI-2, CMD-11: the notice of a change covers nothing of the page', async () => {
  const { page } = scene.opened;
  await signIn(page);
  await setpointKey(page, 'BR101.TIC.SP').waitFor();
  scene.gateway.changeOutside('BR101.TIC.SP', 38);
  const notice = await page.locator('.cs-unattributed').boundingBox();
  const content = await page.locator('.cs-content').boundingBox();
  expect(notice).not.toBeNull();
  expect((content?.y ?? 0) + (content?.height ?? 0)).toBeLessThanOrEqual((notice?.y ?? 0) + 0.5);
});
