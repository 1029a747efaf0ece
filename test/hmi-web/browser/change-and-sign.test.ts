// Changing a setpoint in a real browser: select, type, sign (HMI-3), with every way in which it can go wrong.
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { launchBrowser } from '../../support/browser.ts';
import { type OpenedPage, openPage, setpointKey, signIn } from '../support/open-page.ts';
import { password, type ScriptedGateway, startScriptedGateway } from '../support/scripted-gateway.ts';

let browser: Browser;
let gateway: ScriptedGateway;
let opened: OpenedPage;
const page = () => opened.page;

beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser?.close());
beforeEach(async () => {
  gateway = await startScriptedGateway();
  opened = await openPage(browser, gateway);
  await signIn(page());
  await setpointKey(page(), 'BR101.TIC.SP').waitFor();
  await page().locator('.cs-frame[data-link="live"]').waitFor();
});
afterEach(async () => {
  await opened.close();
  await gateway.stop();
  expect(opened.faults).toEqual([]);
});

async function askFor(tag: string, value: string): Promise<void> {
  await setpointKey(page(), tag).focus();
  await page().keyboard.press('Enter');
  await page().getByLabel('New value').fill(value);
  await page().keyboard.press('Enter');
}
async function fillSignature(word: string): Promise<void> {
  await page().getByText('Step of the batch record').click();
  const name = page().getByLabel('User name');
  if (await name.isVisible()) await name.fill('operator');
  await page().getByLabel('Password', { exact: true }).fill(word);
  await page().keyboard.press('Enter');
}
const fate = (words: string) => page().getByRole('status').getByText(words).first().waitFor();

describe('HMI-3: select, type, sign', () => {
  test('HMI-3: by keyboard alone, through to the read-back, and the focus returns', async () => {
    await askFor('BR101.TIC.SP', '37,5');
    // The focus is on the reasons; their digit takes one, and leads to what is still empty.
    await page().getByText('To be signed').waitFor();
    await expect.poll(() => page().evaluate(() => document.activeElement?.getAttribute('type'))).toBe('radio');
    await page().keyboard.press('1');
    await page().keyboard.type('operator');
    await page().keyboard.press('Enter');
    await page().keyboard.type(password);
    await page().getByRole('textbox', { name: 'Comment' }).focus();
    await page().keyboard.type('culture is cold');
    await page().keyboard.press('Enter');
    await fate('Confirmed');
    expect(gateway.commands.received).toHaveLength(1);
    expect(gateway.commands.received[0]?.payload).toMatchObject({
      tag: 'BR101.TIC.SP',
      value: 37.5,
      signer: 'operator',
      meaning: 'responsibility',
      reasonCode: 'batch-step',
      comment: 'culture is cold',
    });
    await page().keyboard.press('Escape');
    await expect
      .poll(() => page().evaluate(() => document.activeElement?.getAttribute('data-tag')))
      .toBe('BR101.TIC.SP');
    await expect.poll(() => setpointKey(page(), 'BR101.TIC.SP').textContent()).toContain('37.5');
  });

  test('SIG-10: a wrong password keeps reason and command, clears the password, and can be put right', async () => {
    await askFor('BR101.TIC.SP', '37.5');
    await fillSignature('wrong');
    await page().getByRole('alert').getByText('was not accepted').waitFor();
    await expect.poll(() => page().getByLabel('Password', { exact: true }).inputValue()).toBe('');
    await expect.poll(() => page().getByRole('radio', { name: 'Step of the batch record' }).isChecked()).toBe(true);
    // What it did not do is said, and what is to be typed again has the focus.
    await page().getByRole('alert').getByText('Nothing was sent to the plant.').waitFor();
    await expect.poll(() => page().evaluate(() => document.activeElement?.getAttribute('data-part'))).toBe('password');
    await page().keyboard.type(password);
    await page().keyboard.press('Enter');
    await fate('Confirmed');
    expect(new Set(gateway.commands.received.map(({ payload }) => payload.command)).size).toBe(1);
  });

  test('SIG-3: both components at the first signing, the password alone at the next', async () => {
    await askFor('BR101.TIC.SP', '37.5');
    await fillSignature(password);
    await fate('Confirmed');
    expect(gateway.commands.received[0]?.body).toMatchObject({ username: 'operator' });
    await page().keyboard.press('Escape');
    await askFor('BR101.TIC.SP', '38');
    await page().getByText('To be signed').waitFor();
    expect(await page().getByLabel('User name').count()).toBe(0);
    await fillSignature(password);
    await fate('Confirmed');
    expect(gateway.commands.received[1]?.body.username).toBeUndefined();
    expect(gateway.commands.received[1]?.payload.signer).toBe('operator');
  });

  test('SIG-4: another person can sign at this terminal', async () => {
    await askFor('BR101.TIC.SP', '37.5');
    await page().getByText('Step of the batch record').click();
    await page().getByRole('switch').check();
    await page().getByLabel('User name').fill('supervisor');
    await page().getByLabel('Password', { exact: true }).fill(password);
    await page().keyboard.press('Enter');
    await fate('Confirmed');
    expect(gateway.commands.received[0]).toMatchObject({
      payload: { signer: 'supervisor' },
      body: { username: 'supervisor' },
    });
    await page().getByText('Olivia Brandt').first().waitFor();
  });

  test('CMD-2: what is outside the limits is said while it is typed, and cannot be asked for', async () => {
    await setpointKey(page(), 'BR101.TIC.SP').click();
    await page().getByLabel('New value').fill('41');
    await page().getByText('Not above 40.0').waitFor();
    await expect.poll(() => page().getByRole('button', { name: 'Sign and send' }).isDisabled()).toBe(true);
    await page().keyboard.press('Enter');
    await page().getByText('Step of the batch record').click();
    await page().getByText('The new value comes first').waitFor();
    expect(gateway.commands.all()).toEqual([]);
  });

  test('CMD-1: the device’s rounding is shown before it is signed', async () => {
    gateway.commands.script.round = () => 37.4;
    await askFor('BR101.TIC.SP', '37.5');
    await page().getByText('The device will hold 37.4').waitFor();
    await fillSignature(password);
    await fate('Confirmed');
    expect(gateway.commands.received[0]?.payload.value).toBe(37.4);
  });

  test('CMD-3: a value that changes under the dialog is told and confirmed again before anything is signed', async () => {
    await askFor('BR101.TIC.SP', '37.5');
    await page().getByText('To be signed').waitFor();
    gateway.setValue('BR101.TIC.SP', 36);
    await page().getByText('The value changed while this was open').waitFor();
    await expect.poll(() => page().getByRole('button', { name: 'Sign and send' }).isDisabled()).toBe(true);
    await page()
      .getByRole('button', { name: /Go on from 36/ })
      .click();
    await fillSignature(password);
    await fate('Confirmed');
    expect(gateway.commands.received[0]?.payload).toMatchObject({ observed: { value: 36 }, value: 37.5 });
    expect(gateway.commands.all().map((entry) => entry.state)).toEqual(['confirmed', 'withdrawn']);
  });

  test('CMD-3: a refusal for a stale value shows the gateway’s value and keeps what was typed', async () => {
    gateway.commands.script.refuseAsk = {
      status: 409,
      code: 'value-changed',
      detail: 'It is 36.2 now.',
      current: 36.2,
    };
    await askFor('BR101.TIC.SP', '37.5');
    await page().getByText('It is 36.2 now.').waitFor();
    await expect.poll(() => page().getByLabel('New value').inputValue()).toBe('37.5');
  });

  test('CMD-5: an unknown outcome is told as unknown, with what to do', async () => {
    gateway.commands.script.outcome = 'unknown';
    await askFor('BR101.TIC.SP', '37.5');
    await fillSignature(password);
    await fate('Outcome unknown');
    await page().getByText('Check the plant itself').waitFor();
  });

  test('CMD-1: the stages of a command appear as they come', async () => {
    gateway.commands.script.outcome = 'stays-written';
    await askFor('BR101.TIC.SP', '37.5');
    await fillSignature(password);
    await fate('Written, reading back');
    gateway.commands.finish(gateway.commands.all()[0]?.id ?? '');
    await fate('Confirmed');
  });

  test('HMI-3, CMD-1: another value typed beside the signature is another question; nothing signs the first one', async () => {
    await askFor('BR101.TIC.SP', '37.5');
    await page().getByText('Step of the batch record').click();
    await page().getByText('To be signed').waitFor();
    await page().getByLabel('New value').fill('37.8');
    await expect.poll(() => gateway.commands.all().map((entry) => entry.state)).toEqual(['withdrawn']);
    await fillSignature(password);
    await fate('Confirmed');
    expect(gateway.commands.received[0]?.payload).toMatchObject({ value: 37.8 });
    expect(gateway.commands.all().map((entry) => entry.state)).toEqual(['confirmed', 'withdrawn']);
  });

  test('HMI-3, CMD-1: what the gateway refuses is asked once, however the person moves about the form', async () => {
    gateway.commands.script.refuseAsk = { status: 422, code: 'permissive-not-met', detail: 'The mode is Manual.' };
    await setpointKey(page(), 'BR101.TIC.SP').click();
    await page().getByLabel('New value').fill('37.5');
    await page().getByText('Step of the batch record').click();
    await page().getByText('The mode is Manual.').waitFor();
    await page().getByLabel('Password', { exact: true }).focus();
    await page().getByLabel('User name').focus();
    expect(gateway.commands.all()).toEqual([]);
    // Signing asks again: the condition may hold by now.
    await fillSignature(password);
    await fate('Confirmed');
    expect(gateway.commands.all()).toHaveLength(1);
  });

  test('CMD-1: closing the dialog takes back what was asked for and not signed', async () => {
    await askFor('BR101.TIC.SP', '37.5');
    await page().getByText('To be signed').waitFor();
    await page().keyboard.press('Escape');
    await expect.poll(() => gateway.commands.all()[0]?.state).toBe('withdrawn');
  });
});

test('SIG-5: a countersignature by a second person, from the command’s page', async () => {
  await page().getByRole('link', { name: 'Utilities' }).click();
  await setpointKey(page(), 'WFI.PUMP.CMD').click();
  // Of two states the other one is what a change leads to.
  await expect.poll(() => page().getByRole('radio', { name: 'Stop' }).isChecked()).toBe(true);
  await fillSignature(password);
  await fate('Waiting for countersignature');
  await page().getByRole('button', { name: 'Countersign here' }).click();
  await page().getByRole('button', { name: 'Countersign', exact: true }).click();
  await page().getByRole('radio', { name: 'Step of the batch record' }).check();
  await page().getByLabel('User name').fill('supervisor');
  await page().getByLabel('Password', { exact: true }).fill(password);
  await page().keyboard.press('Enter');
  await fate('Confirmed');
  expect(gateway.commands.received[1]?.payload).toMatchObject({
    purpose: 'countersign',
    signer: 'supervisor',
    meaning: 'verification',
    countersigns: expect.stringMatching(/^[\w-]{43}$/),
  });
  // SIG-8: the elements of both signatures stand with the command.
  await page().getByText('Samuel Okafor').first().waitFor();
  await page().getByText('Verification').first().waitFor();
});
