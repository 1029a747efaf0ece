// Passkeys in a real browser with a virtual authenticator (CDP WebAuthn), against the whole house at localhost (SIG-7):
// registered from the person's menu, used by touch and by keyboard, and refused in words that help.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext, CDPSession, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { storedRows } from '../../gateway/audit/postgres-rows.ts';
import { verifyLog } from '../../gateway/audit/verify.ts';
import { signatureChecker } from '../../gateway/audit/verify-signatures.ts';
import type { SigningComponents } from '../../gateway/contract/passkey.ts';
import type { Settings } from '../../gateway/settings/load.ts';
import { launchBrowser } from '../support/browser.ts';
import { demoPassword, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { patienceMs } from '../support/until.ts';

const hmiFolder = join(import.meta.dirname, '../../hmi-web/dist');
const policies: { readonly [tag: string]: SigningComponents } = {
  'BR101.TIC.SP': 'password-and-passkey',
  'BR101.PH.SP': 'passkey',
};

function withPasskeys(settings: Settings): Settings {
  const tags = settings.plant.tags.map((tag) => {
    const components = policies[tag.id];
    return tag.setpoint === null || components === undefined
      ? tag
      : { ...tag, setpoint: { ...tag.setpoint, policy: { ...tag.setpoint.policy, components } } };
  });
  return { ...settings, plant: { ...settings.plant, tags } };
}

describe('passkeys in a browser', () => {
  let house: TestGateway;
  let browser: Browser;
  const contexts: BrowserContext[] = [];

  beforeAll(async () => {
    if (!existsSync(join(hmiFolder, 'index.html')))
      throw new Error('The HMI is not built: run `npm test`, which builds it, or `npx vite build hmi-web`.');
    [house, browser] = await Promise.all([startTestGateway({ hmiFolder, settings: withPasskeys }), launchBrowser()]);
  });
  afterAll(async () => {
    await browser?.close();
    await house?.stop();
  });
  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
  });

  type Authenticated = { readonly page: Page; readonly cdp: CDPSession; readonly authenticatorId: string };

  async function openAs(name: string, origin = house.origin): Promise<Authenticated> {
    await house.person(name);
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, hasTouch: true });
    contexts.push(context);
    const page = await context.newPage();
    page.setDefaultTimeout(patienceMs);
    const cdp = await context.newCDPSession(page);
    await cdp.send('WebAuthn.enable');
    const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    await page.goto(origin);
    await page.getByLabel('User name').fill(name);
    await page.getByLabel('Password', { exact: true }).fill(demoPassword);
    await page.keyboard.press('Enter');
    await page.locator('.cs-frame[data-link="live"]').waitFor();
    return { page, cdp, authenticatorId };
  }

  async function register(page: Page, name: string): Promise<void> {
    await page.locator('.cs-person').tap();
    await page.getByRole('link', { name: 'Passkeys' }).tap();
    await page.getByLabel('Name of the passkey').fill(name);
    await page.getByLabel('Password', { exact: true }).fill(demoPassword);
    await page.getByRole('button', { name: 'Register a passkey' }).tap();
    await page.getByText(`The passkey “${name}” is registered`).waitFor();
  }

  async function openDialog(page: Page, tag: string, value: string): Promise<void> {
    await page.goto(`${house.origin}/areas/upstream`);
    await page.locator('.cs-frame[data-link="live"]').waitFor();
    await page.locator(`[data-tag="${tag}"][data-show="setpoint"]`).tap();
    await page.getByLabel('New value').fill(value);
    await page.getByText('Adjustment within the validated range').tap();
  }
  const confirmed = (page: Page) => page.getByRole('status').getByText('Confirmed').first().waitFor();

  it('SIG-7, HMI-3: registered by touch, then asked for with the password; the log holds the answer and verifies', async () => {
    const { page, cdp, authenticatorId } = await openAs('operator');
    await register(page, 'badge key');
    await page.getByRole('list', { name: 'Your passkeys' }).getByText('badge key').waitFor();
    const { credentials } = await cdp.send('WebAuthn.getCredentials', { authenticatorId });
    expect(credentials).toHaveLength(1);

    await openDialog(page, 'BR101.TIC.SP', '37.6');
    await page.getByText('Then the browser asks for the signer’s passkey').waitFor();
    await page.getByLabel('User name').fill('operator');
    await page.getByLabel('Password', { exact: true }).fill(demoPassword);
    await page.getByRole('button', { name: 'Sign and send' }).tap();
    await confirmed(page);
    expect(house.plant.writes.applied('BR101.TIC.SP')).toHaveLength(1);
    const signed = (await house.records()).findLast(({ kind }) => kind === 'command.signed');
    expect(signed?.signature).toMatchObject({ assertion: { type: 'public-key' } });
    expect(signed?.detail?.standsOn).toMatchObject({ passkey: expect.any(Number) });
    // Shown wherever the record is (SIG-8): on the command's page, and in the trail's detail.
    const { passkey } = { passkey: 0, ...(signed?.detail?.standsOn as object | undefined) };
    await page.getByRole('button', { name: 'Show the command' }).tap();
    await page.getByText(`passkey of record ${passkey};`).waitFor();

    // A passkey alone, by keyboard: no password field is there.
    await openDialog(page, 'BR101.PH.SP', '7.2');
    expect(await page.getByLabel('Password', { exact: true }).count()).toBe(0);
    await page.getByRole('textbox', { name: 'Comment' }).press('Tab');
    await page.getByRole('button', { name: 'Sign and send' }).focus();
    await page.keyboard.press('Enter');
    await confirmed(page);
    expect(house.plant.writes.applied('BR101.PH.SP')).toHaveLength(1);

    const verified = await verifyLog(storedRows(house.database.superuser), {
      verifier: null,
      kept: null,
      checkSignature: signatureChecker(),
    });
    expect(verified.bad).toBeNull();
  });

  it('SIG-7: cancelled, or without user verification, nothing is sent; what was typed stays and the next try counts', async () => {
    const { page, cdp, authenticatorId } = await openAs('supervisor');
    // Nothing is signed while one is registered, and the words do not say so.
    await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false });
    await page.goto(`${house.origin}/passkeys`);
    await page.getByLabel('Name of the passkey').fill('this panel');
    await page.getByLabel('Password', { exact: true }).fill(demoPassword);
    await page.getByRole('button', { name: 'Register a passkey' }).tap();
    await page.getByText('No passkey answered. Nothing was changed.').waitFor();
    await page.getByText('has registered none yet').waitFor();
    await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: true });
    await register(page, 'this panel');
    const writes = house.plant.writes.count();
    await openDialog(page, 'BR101.TIC.SP', '36.8');
    await page.getByRole('textbox', { name: 'Comment' }).fill('kept over a refusal');
    await page.getByLabel('User name').fill('supervisor');
    await page.getByLabel('Password', { exact: true }).fill(demoPassword);
    await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false });
    await page.getByRole('button', { name: 'Sign and send' }).tap();
    await page.getByText('This signing needs your passkey.').waitFor();
    expect(house.plant.writes.count()).toBe(writes);
    await expect.poll(() => page.getByRole('textbox', { name: 'Comment' }).inputValue()).toBe('kept over a refusal');

    await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: true });
    await page.getByLabel('Password', { exact: true }).fill(demoPassword);
    await page.getByRole('button', { name: 'Sign and send' }).tap();
    await confirmed(page);
    expect(house.plant.writes.count()).toBe(writes + 1);
  });

  it('SIG-7: at 127.0.0.1 the page says that passkeys need the host name, and offers no form that cannot work', async () => {
    const { page } = await openAs('operator', house.origin.replace('localhost', '127.0.0.1'));
    await page.locator('.cs-person').tap();
    await page.getByRole('link', { name: 'Passkeys' }).tap();
    await page.getByText('No passkey can be made or used at 127.0.0.1.').waitFor();
    await page.getByText('open the gateway at localhost instead').waitFor();
    expect(await page.getByLabel('Name of the passkey').count()).toBe(0);
  });

  it('SIG-7: taken back from the list with the password; the browser’s copy signs nothing any more', async () => {
    const { page } = await openAs('engineer');
    await register(page, 'lost key');
    await page.getByRole('button', { name: 'Remove lost key' }).tap();
    await page.getByLabel('Password', { exact: true }).fill(demoPassword);
    await page.getByRole('button', { name: 'Remove it' }).tap();
    await page.getByText('“lost key” signs nothing any more').waitFor();
    await page.getByText('has registered none yet').waitFor();
    expect((await house.records()).findLast(({ kind }) => kind.startsWith('passkey.'))?.kind).toBe('passkey.removed');
  });

  it('SIG-7, IDN-9: an administrator takes a lost one away in the list of users, signed and explained', async () => {
    // Nobody who has a passkey on another device: that one would be asked for first.
    const { page: owner } = await openAs('qa');
    await register(owner, 'lost at home');
    const { page } = await openAs('admin');
    await page.goto(`${house.origin}/administration`);
    await page.getByRole('button', { name: /^Take away lost at home of / }).tap();
    await page.getByRole('button', { name: 'Continue to sign' }).tap();
    await page.getByText('Take away the passkey “lost at home” of').waitFor();
    await page.getByRole('textbox', { name: 'Comment' }).fill('Lost on the way home.');
    await page.getByLabel('User name').fill('admin');
    await page.getByLabel('Password', { exact: true }).fill(demoPassword);
    await page.getByRole('button', { name: 'Sign and take it away' }).tap();
    await page.getByRole('button', { name: /^Take away lost at home of / }).waitFor({ state: 'detached' });
    expect((await house.records()).findLast(({ kind }) => kind === 'passkey.removed')).toMatchObject({
      actor: { id: 'admin' },
      reason: { comment: 'Lost on the way home.' },
    });
  });
});
