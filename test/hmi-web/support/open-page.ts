// Opens the built HMI in a real browser against the scripted gateway, and the steps that every browser test takes.
// The HMI must be built (`npm test` does it); where it is not, the test fails and says so.
import { existsSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { patienceMs } from '../../support/until.ts';
import { projectFile } from './project-file.ts';
import { password, type ScriptedGateway } from './scripted-gateway.ts';

export type OpenedPage = { readonly page: Page; readonly faults: string[]; readonly close: () => Promise<void> };

export async function openPage(browser: Browser, gateway: ScriptedGateway, path = '/'): Promise<OpenedPage> {
  if (!existsSync(projectFile('hmi-web/dist/index.html')))
    throw new Error('The HMI is not built: run `npm test`, which builds it, or `npx vite build hmi-web`.');
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  // Patience, not a measure: two cores may be carrying much else.
  page.setDefaultTimeout(patienceMs);
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) faults.push(message.text());
  });
  await page.goto(gateway.origin + path);
  return { page, faults, close: () => context.close() };
}

export async function signIn(page: Page, user = 'operator'): Promise<void> {
  await page.getByLabel('User name').fill(user);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.keyboard.press('Enter');
  await page.locator('.cs-header').waitFor();
}

/** The setpoint key of a tag on the process screen. */
export function setpointKey(page: Page, tag: string) {
  return page.locator(`[data-tag="${tag}"][data-show="setpoint"]`);
}
