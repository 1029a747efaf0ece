// The whole job in a real browser against the whole house: real PostgreSQL, real OPC UA and Modbus, the built HMI.
// What the person sees is compared with what an independent client reads from the device, and with the log's own rows.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { demoPassword, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { type OpcUaProbe, openModbusProbe, openOpcUaProbe } from '../support/plant.ts';
import { patienceMs, until } from '../support/until.ts';

const hmiFolder = join(import.meta.dirname, '../../hmi-web/dist');

let house: TestGateway;
let browser: Browser;
const contexts: BrowserContext[] = [];
const faults: string[] = [];

beforeAll(async () => {
  if (!existsSync(join(hmiFolder, 'index.html')))
    throw new Error('The HMI is not built: run `npm test`, which builds it, or `npx vite build hmi-web`.');
  [house, browser] = await Promise.all([startTestGateway({ hmiFolder }), launchBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await house?.stop();
});
afterEach(async () => {
  for (const context of contexts.splice(0)) await context.close();
  expect(faults.splice(0)).toEqual([]);
});

/** A new terminal: a profile of its own, with touch. */
async function open(path = '/'): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, hasTouch: true });
  contexts.push(context);
  const page = await context.newPage();
  page.setDefaultTimeout(patienceMs);
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) faults.push(message.text());
  });
  await page.goto(house.origin + path);
  return page;
}
async function signIn(page: Page, name: string): Promise<void> {
  await page.getByLabel('User name').fill(name);
  await page.getByLabel('Password', { exact: true }).fill(demoPassword);
  await page.keyboard.press('Enter');
  await page.locator('.cs-header').waitFor();
}
/** Signed in at a new terminal, live; certified over the API where it is not the test's subject. */
async function openAs(name: string): Promise<Page> {
  await house.person(name);
  const page = await open();
  await signIn(page, name);
  await live(page);
  return page;
}
const live = (page: Page) => page.locator('.cs-frame[data-link="live"]').waitFor();
const key = (page: Page, tag: string): Locator => page.locator(`[data-tag="${tag}"][data-show="setpoint"]`);
const shown = (page: Page, tag: string): Locator => page.locator(`[data-tag="${tag}"][data-show="value"]`);
const figure = async (page: Page, tag: string): Promise<number> =>
  Number.parseFloat((await shown(page, tag).locator('.cs-number').textContent()) ?? '');
const fate = (page: Page, words: string) => page.getByRole('status').getByText(words).first().waitFor();
/** Past the gateway, over a connection of its own each time: an idle one is closed by the client's own time-out. */
async function pastTheGateway<T>(job: (probe: OpcUaProbe) => Promise<T>): Promise<T> {
  const probe = await openOpcUaProbe(house.plant.opcuaEndpoint, house.plant.dataFolder);
  try {
    return await job(probe);
  } finally {
    await probe.close();
  }
}
const held = (tag: string): Promise<number> => pastTheGateway(async (probe) => Number((await probe.read(tag)).value));
async function components(page: Page, name: string, word = demoPassword): Promise<void> {
  const field = page.getByLabel('User name');
  if (await field.isVisible()) await field.fill(name);
  await page.getByLabel('Password', { exact: true }).fill(word);
}

describe('the main job in a browser', () => {
  it('SIG-9, SIG-2, CMD-5, HMI-3: by touch, from the first sign-in to the signed record; the device holds the value and the plant follows', async () => {
    const page = await open();
    await signIn(page, 'operator');
    // Nobody signs a command before he has certified once.
    await page.getByRole('heading', { name: 'Certification of the electronic signature' }).waitFor();
    // A terminal that nobody knows yet introduces itself; it does not ask as if it were known, which would be refused.
    expect((await house.records()).filter(({ kind }) => kind === 'request.refused')).toEqual([]);
    await components(page, 'operator');
    await page.getByRole('button', { name: 'Certify' }).tap();
    await page.getByRole('button', { name: 'Go to the process screen' }).tap();
    await live(page);
    const before = await figure(page, 'BR101.TIC.PV');
    expect(before).toBeGreaterThan(30);
    await key(page, 'BR101.TIC.SP').tap();
    await page.getByLabel('New value').fill('38.2');
    await page.getByText('Adjustment within the validated range').tap();
    await page.getByRole('textbox', { name: 'Comment' }).fill('culture is slow');
    await components(page, 'operator');
    const send = page.getByRole('button', { name: 'Sign and send' });
    // All of it in view, without scrolling, on the smallest screen.
    const box = await send.boundingBox();
    expect((box?.y ?? 800) + (box?.height ?? 0)).toBeLessThan(800);
    await send.tap();
    await fate(page, 'Confirmed');
    expect(await held('BR101.TIC.SP')).toBeCloseTo(38.2, 5);
    expect(house.plant.writes.applied('BR101.TIC.SP')).toHaveLength(1);
    await page.getByRole('button', { name: 'Close', exact: true }).last().tap();
    await expect.poll(() => key(page, 'BR101.TIC.SP').textContent()).toContain('38.2');
    await expect.poll(() => figure(page, 'BR101.TIC.PV')).toBeGreaterThan(before + 0.05);

    await page.getByRole('link', { name: 'Audit trail' }).tap();
    const row = page.getByRole('row').filter({ has: page.getByRole('button', { name: 'Signed', exact: true }) });
    await row.waitFor();
    await expect.poll(() => row.textContent()).toMatch(/Olivia Brandt.*BR101\.TIC\.SP.*37.*38\.2.*culture is slow/);
    await row.getByRole('button').tap();
    const facts = page.locator('.cs-facts');
    const elements = (await facts.allTextContents()).join(' ');
    for (const part of ['Olivia Brandt (operator)', 'Responsibility', 'culture is slow', 'UTC', '38.2'])
      expect(elements).toContain(part);
    expect(elements).toMatch(/adjustment|Adjustment/);
    await page.locator('.cs-jws').waitFor();
  });

  it('HMI-3, SIG-10, CMD-2: by keyboard alone; outside the limits and with a wrong password the device keeps its value', async () => {
    const page = await openAs('operator');
    const writes = house.plant.writes.applied('BR101.PH.SP').length;
    await key(page, 'BR101.PH.SP').focus();
    await page.keyboard.press('Enter');
    const field = page.getByLabel('New value');
    await field.waitFor();
    await expect.poll(() => field.evaluate((input) => input === document.activeElement)).toBe(true);
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.type('7.9');
    await page.getByText('Not above 7.40').waitFor();
    await page.keyboard.press('Enter');
    expect(await page.getByText('To be signed').count()).toBe(0);
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.type('7,2');
    await page.keyboard.press('Enter');
    await page.getByText('To be signed').waitFor();
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('type'))).toBe('radio');
    await page.keyboard.press('2');
    await page.keyboard.type('operator');
    await page.keyboard.press('Tab');
    await page.keyboard.type('not the password');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('was not accepted').waitFor();
    expect(house.plant.writes.applied('BR101.PH.SP')).toHaveLength(writes);
    const refusal = (await house.records()).findLast(({ kind }) => kind.startsWith('command.'));
    expect(refusal).toMatchObject({ kind: 'command.signature-refused', subject: 'BR101.PH.SP' });
    await page.getByLabel('Password', { exact: true }).focus();
    await page.keyboard.type(demoPassword);
    await page.keyboard.press('Enter');
    await fate(page, 'Confirmed');
    expect(await held('BR101.PH.SP')).toBeCloseTo(7.2, 5);
    await page.keyboard.press('Escape');
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('data-tag'))).toBe('BR101.PH.SP');
  });

  it('SIG-4, SIG-5: the pump’s command is countersigned at the same terminal, and the operator stays signed in', async () => {
    await house.person('supervisor');
    const page = await openAs('operator');
    await page.getByRole('link', { name: 'Utilities' }).tap();
    await key(page, 'WFI.PUMP.CMD').tap();
    await page.getByRole('radio', { name: 'Stop' }).tap();
    await page.getByText('Maintenance or test').tap();
    await page.getByRole('textbox', { name: 'Comment' }).fill('valve work');
    await components(page, 'operator');
    await page.getByRole('button', { name: 'Sign', exact: true }).tap();
    await fate(page, 'Waiting for countersignature');
    await page.getByRole('list', { name: 'Stages' }).getByText('Stop in place of Run.').waitFor();
    expect(house.plant.writes.applied('WFI.PUMP.CMD')).toHaveLength(0);
    await page.getByRole('button', { name: 'Countersign here' }).tap();
    await page.getByRole('button', { name: 'Countersign', exact: true }).tap();
    await page.getByRole('radio', { name: 'Maintenance or test' }).check();
    await page.getByRole('textbox', { name: 'Comment' }).fill('seen');
    await components(page, 'supervisor');
    await page.locator('form').getByRole('button', { name: 'Sign', exact: true }).tap();
    await fate(page, 'Confirmed');
    expect(house.plant.writes.applied('WFI.PUMP.CMD')).toHaveLength(1);
    const coils = await openModbusProbe(house.plant.modbusPort);
    const pdu = await coils.ask([1, 0, 0, 0, 1]);
    coils.close();
    expect(pdu.readUInt8(2) & 1).toBe(0);
    await page.getByText('Samuel Okafor').first().waitFor();
    await expect.poll(() => page.locator('.cs-header').textContent()).toContain('Olivia Brandt');
    // States by name in the trail as well.
    await page.getByRole('link', { name: 'Audit trail' }).tap();
    const row = page.getByRole('row').filter({ has: page.getByRole('button', { name: 'Countersigned' }) });
    await row.waitFor();
    await expect.poll(() => row.textContent()).toMatch(/Samuel Okafor.*Run → Stop.*seen/);
  });

  it('HMI-3: three interactions besides typing, by touch at the first signing, by keyboard at the next, for a number and for a switch', async () => {
    const page = await openAs('operator');
    let interactions = 0;
    const touch = async (target: Locator): Promise<void> => {
      interactions += 1;
      await target.tap();
    };
    const enter = async (): Promise<void> => {
      interactions += 1;
      await page.keyboard.press('Enter');
    };
    // By touch: the setpoint, the reason, the signature. Between them the focus goes where the next word is typed.
    await touch(key(page, 'BR101.DO.SP'));
    await page.getByLabel('New value').waitFor();
    await page.keyboard.type('42');
    await touch(page.getByText('Adjustment within the validated range'));
    await page.keyboard.type('operator');
    await page.keyboard.press('Tab');
    await page.keyboard.type(demoPassword);
    await touch(page.getByRole('button', { name: 'Sign and send' }));
    await fate(page, 'Confirmed');
    expect(interactions).toBe(3);
    expect(await held('BR101.DO.SP')).toBeCloseTo(42, 5);
    await page.keyboard.press('Escape');

    // By keyboard: the focus is back on the setpoint; a reason is its digit.
    interactions = 0;
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('data-tag'))).toBe('BR101.DO.SP');
    await enter();
    await page.getByLabel('New value').waitFor();
    await page.keyboard.type('41');
    await enter();
    await page.getByText('To be signed').waitFor();
    await page.keyboard.type('2');
    await page.keyboard.type(demoPassword);
    await enter();
    await fate(page, 'Confirmed');
    expect(interactions).toBe(3);
    expect(await held('BR101.DO.SP')).toBeCloseTo(41, 5);
    await page.keyboard.press('Escape');

    // A switch has one other state: it is there already, as typed as it can be.
    await page.getByRole('link', { name: 'Utilities' }).tap();
    interactions = 0;
    await touch(key(page, 'WFI.PUMP.CMD'));
    await page.getByText('Maintenance or test').waitFor();
    await touch(page.getByText('Maintenance or test'));
    await page.keyboard.type('valve work');
    // On a comment's line, too, Enter goes on to what is still empty.
    await page.keyboard.press('Enter');
    await page.keyboard.type(demoPassword);
    await touch(page.getByRole('button', { name: 'Sign', exact: true }));
    await fate(page, 'Waiting for countersignature');
    expect(interactions).toBe(3);
  });

  it('CMD-3: a value that another client changes under the dialog stops the signature until it is confirmed anew', async () => {
    const page = await openAs('operator');
    await key(page, 'BR101.SIC.SP').tap();
    await page.getByLabel('New value').fill('130');
    await page.getByText('Step of the batch record').tap();
    await page.getByText('To be signed').waitFor();
    expect(await pastTheGateway((probe) => probe.write('BR101.SIC.SP', 150))).toBe('Good');
    await page.getByText('The value changed while this was open').waitFor();
    await expect.poll(() => page.getByRole('button', { name: 'Sign and send' }).isDisabled()).toBe(true);
    await page.getByRole('button', { name: /Go on from 150/ }).tap();
    await page.getByText('Step of the batch record').tap();
    await components(page, 'operator');
    await page.getByRole('button', { name: 'Sign and send' }).tap();
    await fate(page, 'Confirmed');
    expect(await held('BR101.SIC.SP')).toBe(130);
  });
});

describe('what goes wrong around the page', () => {
  it('DRV-5, DRV-6: a stopped PLC shows, and comes back without a reload', async () => {
    const page = await openAs('operator');
    await expect.poll(() => shown(page, 'BR101.TIC.PV').getAttribute('data-mark')).toBe('ok');
    await house.plant.stop();
    await until(
      async () => (await shown(page, 'BR101.TIC.PV').getAttribute('data-mark')) === 'bad',
      'the value to turn bad on the screen',
    );
    await page.getByText('lost since').first().waitFor();
    await page.evaluate(() => Object.assign(window, { sameDocument: true }));
    await house.plant.restart();
    await until(
      async () => (await shown(page, 'BR101.TIC.PV').getAttribute('data-mark')) === 'ok',
      'the value to come back',
    );
    expect(await page.evaluate(() => 'sameDocument' in window)).toBe(true);
  });

  it('AUD-1: an open audit page is one viewed record, whatever the focus, the network and the link do', async () => {
    const page = await openAs('qa');
    await page.getByRole('link', { name: 'Audit trail' }).tap();
    await page.locator('.cs-table').waitFor();
    const viewed = async () => (await house.records()).filter((record) => record.kind === 'audit.viewed').length;
    const count = await viewed();
    await page.evaluate(() => {
      for (const name of ['blur', 'focus', 'offline', 'online']) window.dispatchEvent(new Event(name));
      document.dispatchEvent(new Event('visibilitychange'));
    });
    await contexts[0]?.setOffline(true);
    await page.locator('.cs-lost').waitFor();
    await contexts[0]?.setOffline(false);
    await page.locator('.cs-lost').waitFor({ state: 'detached' });
    await live(page);
    // What the return of the link asks for anew has been answered when this, asked for later, is.
    await page.getByRole('link', { name: 'Commands' }).tap();
    await page.getByRole('heading', { name: /Commands/ }).waitFor();
    expect(await viewed()).toBe(count);
  });

  it('IDN-5, TRM-4, IDN-3: an administrator ends a session, unlocks an account with a recorded action, and revokes a terminal', async () => {
    const operator = await openAs('operator');
    const admin = await openAs('admin');
    await admin.getByRole('link', { name: 'Administer' }).tap();
    const sessions = admin.getByRole('row').filter({ has: admin.getByRole('button', { name: 'End', exact: true }) });
    const theirs = sessions.filter({ hasText: 'Olivia Brandt' });
    await theirs.first().waitFor();
    while ((await theirs.count()) > 0) {
      const left = await theirs.count();
      await theirs.first().getByRole('button').tap();
      await expect.poll(() => theirs.count()).toBeLessThan(left);
    }
    await operator.getByText('Your session has ended.').waitFor();
    expect(await operator.locator('.cs-screen').count()).toBe(0);

    for (let attempt = 0; attempt < 6; attempt++) {
      await operator.getByLabel('User name').fill('engineer');
      await operator.getByLabel('Password', { exact: true }).fill(`wrong ${attempt}`);
      await operator.keyboard.press('Enter');
      await expect.poll(() => operator.getByLabel('Password', { exact: true }).inputValue()).toBe('');
      await operator.getByRole('alert').waitFor();
    }
    await admin.reload();
    await admin.getByRole('button', { name: 'Unlock' }).tap();
    await admin.getByLabel('Action taken').fill('asked at the station');
    await admin.getByRole('button', { name: 'Continue to sign' }).tap();
    await admin.getByText('To be signed').waitFor();
    await sign(admin, 'forgotten password', 'unlock');
    await expect.poll(() => admin.getByRole('button', { name: 'Unlock' }).count()).toBe(0);
    const unlocked = (await house.records()).findLast((record) => record.kind === 'account.unlocked');
    expect(unlocked).toMatchObject({ actor: { id: 'admin' }, subject: 'account:engineer' });
    expect(JSON.stringify(unlocked)).toContain('asked at the station');

    const id = (await house.records()).findLast((record) => record.kind === 'session.refused')?.terminal?.id ?? '';
    await admin.getByRole('row').filter({ hasText: id }).getByRole('button', { name: 'Revoke' }).tap();
    await admin.getByRole('button', { name: 'Continue to sign' }).tap();
    await admin.getByText('To be signed').waitFor();
    await sign(admin, 'panel is gone', 'revoke');
    await until(
      async () => (await house.records()).some((record) => record.kind === 'terminal.revoked'),
      'the revocation to be recorded',
    );
    await operator.reload();
    await operator.getByText('This terminal was revoked', { exact: true }).waitFor();
  });

  it('IDN-2: a person changes his own password, signed in or not; his sessions end, and a refused one leaves it as it is', async () => {
    const words = { first: 'three green valves hum', second: 'nine copper kettles sing' };
    const page = await open();
    const change = async (present: string, fresh: string) => {
      const form = page.getByRole('form', { name: 'Change password' });
      await form.getByLabel('User name').fill('engineer');
      await form.getByLabel('Present password').fill(present);
      await form.getByLabel('New password', { exact: true }).fill(fresh);
      await form.getByLabel('New password once more').fill(fresh);
      await form.getByRole('button', { name: 'Change password' }).tap();
    };
    await signIn(page, 'engineer');
    await page.locator('.cs-person').tap();
    await page.getByRole('link', { name: 'Change password' }).tap();
    await change(demoPassword, 'password');
    await page.getByRole('alert').getByText('too easy to guess').waitFor();
    expect((await house.records()).at(-1)).toMatchObject({ kind: 'account.change-refused', actor: { id: 'engineer' } });
    await change(demoPassword, words.first);
    await page.getByText('The password was changed. Sign in with the new one.').waitFor();
    // From the sign-in page, as whoever's password has expired has to.
    await page.getByRole('button', { name: 'Change my password' }).tap();
    await change(words.first, words.second);
    await page.getByText('Your password was changed.').waitFor();
    const changes = (await house.records()).filter(({ kind }) => kind === 'account.changed');
    expect(changes.map(({ actor, detail }) => [actor?.id, detail?.what])).toEqual([
      ['engineer', 'password'],
      ['engineer', 'password'],
    ]);
    await page.getByLabel('Password', { exact: true }).fill(words.second);
    await page.keyboard.press('Enter');
    await page.locator('.cs-header').waitFor();
  });

  // Last: it ends all sessions.
  it('LIV-3, IDN-5: a gateway that stops is unmistakable; once it is back the person is told why to sign in again', async () => {
    const page = await openAs('operator');
    await house.stopGateway('maintenance');
    await page.getByRole('alert').getByText('Connection to the gateway lost.').waitFor();
    await expect.poll(() => shown(page, 'BR101.TIC.PV').getAttribute('data-mark')).toBe('stale');
    await house.startGateway();
    await page.getByText('Your session has ended.').waitFor({ timeout: 40_000 });
    await signIn(page, 'operator');
    await live(page);
    await until(
      async () => (await shown(page, 'BR101.TIC.PV').getAttribute('data-mark')) === 'ok',
      'values to come back',
    );
  });
});

async function sign(page: Page, comment: string, verb: string): Promise<void> {
  const reason = page.getByRole('dialog').getByRole('radio').first();
  if ((await reason.count()) > 0) await reason.check();
  const words = page.getByRole('textbox', { name: 'Comment' });
  if ((await words.count()) > 0) await words.fill(comment);
  await components(page, 'admin');
  await page.getByRole('button', { name: `Sign and ${verb}` }).tap();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
}
