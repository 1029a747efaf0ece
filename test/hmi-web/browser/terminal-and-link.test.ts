// The terminal's identity, the session and the link to the gateway, in a real browser (TRM-1, TRM-2, LIV-3, HMI-2).
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { launchBrowser } from '../../support/browser.ts';
import { type OpenedPage, openPage, setpointKey, signIn } from '../support/open-page.ts';
import { type ScriptedGateway, startScriptedGateway } from '../support/scripted-gateway.ts';

let browser: Browser;
let gateway: ScriptedGateway;
const pages: OpenedPage[] = [];

beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser?.close());
beforeEach(async () => {
  gateway = await startScriptedGateway();
});
afterEach(async () => {
  const faults = pages.flatMap((opened) => opened.faults);
  for (const opened of pages.splice(0)) await opened.close();
  await gateway.stop();
  expect(faults).toEqual([]);
});

async function open(path = '/'): Promise<Page> {
  const opened = await openPage(browser, gateway, path);
  pages.push(opened);
  return opened.page;
}
async function openSignedIn(): Promise<Page> {
  const page = await open();
  await signIn(page);
  await setpointKey(page, 'BR101.TIC.SP').waitFor();
  await page.locator('.cs-frame[data-link="live"]').waitFor();
  return page;
}
const storedKey = (page: Page) =>
  page.evaluate(
    () =>
      new Promise<{ extractable: boolean; x: string | undefined }>((resolve, reject) => {
        const opening = indexedDB.open('countersign');
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const reading = opening.result.transaction('keys').objectStore('keys').get('terminal');
          reading.onsuccess = async () => {
            const pair = reading.result as CryptoKeyPair;
            const jwk = await crypto.subtle.exportKey('jwk', pair.publicKey);
            resolve({ extractable: pair.privateKey.extractable, x: jwk.x });
          };
        };
      }),
  );

test('TRM-1: the terminal’s private key cannot be exported, and the terminal stays itself after a reload', async () => {
  const page = await openSignedIn();
  const before = await storedKey(page);
  expect(before.extractable).toBe(false);
  await page.reload();
  await setpointKey(page, 'BR101.TIC.SP').waitFor();
  expect(await storedKey(page)).toEqual(before);
});

test('TRM-1: a terminal that waits for approval shows its identification, and goes on by itself', async () => {
  gateway.state.terminalStatus = 'pending';
  const page = await open();
  await page.getByText('This terminal waits for approval').waitFor();
  await expect.poll(() => page.locator('.cs-thumbprint code').textContent()).toMatch(/^[\w-]{43}$/);
  expect(await page.getByLabel('Password', { exact: true }).count()).toBe(0);
  gateway.state.terminalStatus = 'active';
  await page.getByLabel('User name').waitFor();
});

test('TRM-1: a terminal that waits takes an enrolment code, and says so when it is not right', async () => {
  gateway.state.terminalStatus = 'pending';
  gateway.state.enrolmentCode = 'ABCD-EFGH-JKLM-NPQR';
  const page = await open();
  const field = page.getByLabel('Or enter an enrolment code');
  await field.fill('WRONG');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText('The enrolment code is not valid').waitFor();
  await expect.poll(() => field.inputValue()).toBe('');
  await field.fill('ABCD-EFGH-JKLM-NPQR');
  await page.getByRole('button', { name: 'Use the code' }).click();
  await page.getByLabel('User name').waitFor();
});

test('TRM-2: proofs whose nonce has aged are made anew, without a word to the person', async () => {
  const page = await openSignedIn();
  gateway.forgetNonces();
  await page.getByRole('link', { name: 'Tags', exact: true }).click();
  gateway.forgetNonces();
  await page.getByRole('link', { name: 'Audit trail' }).click();
  await page.getByRole('button', { name: 'Gateway started' }).waitFor();
  gateway.forgetNonces();
  gateway.dropLink();
  await page.locator('.cs-lost').waitFor();
  gateway.restoreLink();
  await page.locator('.cs-frame[data-link="live"]').waitFor();
});

test('IDN-3: a wrong password is told in plain words, and is not kept', async () => {
  const page = await open();
  await page.getByLabel('User name').fill('operator');
  await page.getByLabel('Password', { exact: true }).fill('not this one');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText('User name or password is not right').waitFor();
  await expect.poll(() => page.getByLabel('Password', { exact: true }).inputValue()).toBe('');
});

test('LIV-3: losing the gateway is unmistakable, values turn stale and nothing can be changed; all comes back by itself', async () => {
  const page = await openSignedIn();
  gateway.dropLink();
  await page.getByRole('alert').getByText('Connection to the gateway lost.').waitFor();
  const value = page.locator('[data-tag="BR101.TIC.PV"][data-show="value"]');
  await expect.poll(() => value.getAttribute('data-mark')).toBe('stale');
  await expect.poll(() => value.getAttribute('aria-label')).toContain('stale');
  await setpointKey(page, 'BR101.TIC.SP').click({ force: true });
  await setpointKey(page, 'BR101.TIC.SP').press('Enter');
  expect(await page.getByRole('dialog').count()).toBe(0);
  gateway.setValue('BR101.TIC.PV', 38.25);
  gateway.restoreLink();
  await page.locator('.cs-lost').waitFor({ state: 'detached' });
  await expect.poll(() => value.textContent()).toContain('38.25');
  await expect.poll(() => value.getAttribute('data-mark')).toBe('ok');
});

test('LIV-3: a gateway that stops beating on an open socket is lost as well', async () => {
  const page = await openSignedIn();
  gateway.state.beating = false;
  await page.locator('.cs-lost').waitFor();
  gateway.state.beating = true;
  await page.locator('.cs-lost').waitFor({ state: 'detached' });
});

test('DRV-5: a bad value has a frame, a sign and a word; a lost PLC is named in the header', async () => {
  const page = await openSignedIn();
  gateway.setValue('BR101.PH.PV', 7.02, 'bad', 'connection-lost');
  gateway.setConnection('bioreactor', { state: 'lost', since: new Date().toISOString() });
  const value = page.locator('[data-tag="BR101.PH.PV"][data-show="value"]');
  await expect.poll(() => value.textContent()).toContain('? 7.02');
  await expect.poll(() => value.getAttribute('aria-label')).toContain('connection to the PLC lost');
  expect(
    await value.locator('.cs-quality-frame').evaluate((frame) => getComputedStyle(frame).strokeDasharray),
  ).not.toBe('none');
  await page.getByText('lost since').waitFor();
});

test('IDN-5: an ended session leads to the sign-in page with the reason', async () => {
  const page = await openSignedIn();
  gateway.endSession();
  await page.getByText('Your session has ended.').waitFor();
  await page.getByText('An administrator ended this session.').waitFor();
  expect(await page.locator('.cs-screen').count()).toBe(0);
});

test('IDN-5: an idle session is warned of, and a touch keeps it', async () => {
  gateway.state.idleTimeoutSeconds = 14;
  const page = await openSignedIn();
  await page.getByRole('dialog').getByText('This session ends in').waitFor();
  await page.getByRole('button', { name: 'Stay signed in' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
});

test('SIG-9: whoever has not certified is asked to, once, and may sign afterwards', async () => {
  gateway.state.certified = false;
  const page = await open();
  await signIn(page);
  await page.getByText('I certify that my electronic signature is binding.').waitFor();
  await page.getByLabel('User name').fill('operator');
  await page.getByLabel('Password', { exact: true }).fill('countersign-demo');
  await page.keyboard.press('Enter');
  await page.getByText('You have certified your signature.').waitFor();
  expect(gateway.state.certified).toBe(true);
});

test('SIG-8: the audit trail shows a signature’s elements; a filter narrows it', async () => {
  const page = await openSignedIn();
  await page.getByRole('link', { name: 'Audit trail' }).click();
  await page.getByLabel('Kind').selectOption('session.opened');
  await page.getByRole('button', { name: 'Show' }).click();
  await expect.poll(() => page.locator('tbody tr').count()).toBe(1);
  await page.getByRole('button', { name: 'Signed in' }).click();
  await page.getByText('UTC+', { exact: false }).first().waitFor();
  await expect.poll(() => page.locator('.cs-facts').first().textContent()).toMatch(/UTC\d{4}-\d\d-\d\dT/);
});

test('HMI-2: setpoints are at least 44 px high at 1280 × 800, reachable by keyboard, and every field has a label', async () => {
  const page = await openSignedIn();
  const boxes = await page
    .locator('.cs-setpoint .cs-key')
    .evaluateAll((keys) => keys.map((key) => key.getBoundingClientRect().height));
  expect(boxes.length).toBeGreaterThan(3);
  expect(Math.min(...boxes)).toBeGreaterThanOrEqual(44);
  expect(
    await page.locator('.cs-setpoint').evaluateAll((keys) => keys.every((key) => key.getAttribute('tabindex') === '0')),
  ).toBe(true);
  const fits = await page.evaluate(
    () => document.documentElement.scrollWidth <= 1280 && document.documentElement.scrollHeight <= 800,
  );
  expect(fits).toBe(true);
  for (const path of ['/tags', '/audit']) {
    await page.goto(gateway.origin + path);
    await page.locator('.cs-table').waitFor();
    const unnamed = await page.locator('input, select, textarea, button, a[href]').evaluateAll((fields) =>
      fields
        .filter((field) => {
          const labels = 'labels' in field ? (field.labels as NodeList | null) : null;
          return !field.getAttribute('aria-label') && !field.textContent?.trim() && (labels?.length ?? 0) === 0;
        })
        .map((field) => field.outerHTML),
    );
    expect(unnamed).toEqual([]);
  }
});

test('HMI-1: a screen file brings drawing into the page, and no script, handler, style or outside reference', async () => {
  gateway.state.screenText = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 100 100" onload="window.broken=1">
    <script>window.broken = 1</script><style>body { display: none }</style>
    <foreignObject width="9" height="9"><p xmlns="http://www.w3.org/1999/xhtml">foreign</p></foreignObject>
    <image href="https://example.invalid/x.png"/><a href="javascript:window.broken=1"><text>link</text></a>
    <use xlink:href="https://example.invalid/x.svg#a"/><rect id="r" onclick="window.broken=1" style="fill:red" fill="url(https://example.invalid/#a)" width="5" height="5"/>
    <set attributeName="href" to="javascript:1"/>
    <g data-tag="BR101.TIC.SP" data-show="setpoint"/><text data-tag="NO.SUCH.TAG">x</text></svg>`;
  const page = await openSignedIn();
  const names = await page
    .locator('.cs-screen svg *')
    .evaluateAll((all) => [...new Set(all.map((one) => one.localName))]);
  for (const name of ['script', 'style', 'foreignObject', 'image', 'a', 'set']) expect(names).not.toContain(name);
  expect(names).toContain('rect');
  const left = await page
    .locator('.cs-screen svg, .cs-screen svg *')
    .evaluateAll((all) =>
      all.flatMap((one) => [...one.attributes].map((attribute) => `${attribute.name}=${attribute.value}`)),
    );
  expect(left.filter((text) => /^on|^style|javascript|example\.invalid/.test(text))).toEqual([]);
  expect(await page.evaluate(() => 'broken' in window)).toBe(false);
  await page.getByText('? NO.SUCH.TAG').waitFor();
  // Chromium reports what its parser met in the text, before it was taken out: that is expected here, and only here.
  for (const opened of pages) opened.faults.length = 0;
});

test('TRM-4: a terminal that is revoked meanwhile is told so, on the sign-in page', async () => {
  const page = await openSignedIn();
  gateway.state.terminalStatus = 'revoked';
  // Whichever request comes first brings it: this one, or one that the page makes by itself before the click.
  const asked = page.getByRole('link', { name: 'Audit trail' }).click({ timeout: 5_000 });
  await asked.catch(() => {});
  await page.getByText('This terminal was revoked', { exact: true }).waitFor();
  expect(await page.getByLabel('Password', { exact: true }).count()).toBe(0);
});

test('OPS-8: the demo says so on every page', async () => {
  const page = await open();
  await page.getByText('Demonstration.').waitFor();
  await signIn(page);
  for (const path of ['/', '/tags', '/commands', '/audit', '/administration', '/certification', '/nowhere']) {
    await page.goto(gateway.origin + path);
    await page.getByText('Demonstration.').waitFor();
  }
});
