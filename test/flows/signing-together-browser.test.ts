// Several people at several terminals, in real browsers against the whole house: countersigning elsewhere, declining, expiry,
// break-glass, proposals with their tokens, unknown outcomes. Each ends at the log's own rows and at the PLC's write log.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Settings } from '../../gateway/settings/load.ts';
import type { ApiClient } from '../support/api-client.ts';
import { ApiClient as Client } from '../support/api-client.ts';
import { launchBrowser } from '../support/browser.ts';
import { demoPassword, type LogRecord, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { patienceMs, until } from '../support/until.ts';

const hmiFolder = join(import.meta.dirname, '../../hmi-web/dist');
const pump = 'WFI.PUMP.CMD';
/** Two signatures, break-glass with half an hour for the second one. */
const glass = 'BR101.DO.SP';
/** The same, with a few seconds: it is overdue before anybody can look. */
const late = 'BR101.SIC.SP';
/** Two signatures within half a minute. */
const brief = 'WFI.FIC.SP';

function withPairs(settings: Settings): Settings {
  const terms = new Map<string, { timeLimitSeconds?: number; dueMinutes?: number }>([
    [glass, { dueMinutes: 30 }],
    [late, { dueMinutes: 0.05 }],
    [brief, { timeLimitSeconds: 30 }],
  ]);
  const tags = settings.plant.tags.map((tag) => {
    const given = terms.get(tag.id);
    if (tag.setpoint === null || given === undefined) return tag;
    const policy = {
      ...tag.setpoint.policy,
      name: `pair of ${tag.id}`,
      signatures: 2,
      countersignMeanings: ['verification' as const],
      timeLimitSeconds: given.timeLimitSeconds ?? tag.setpoint.policy.timeLimitSeconds,
      ...(given.dueMinutes === undefined ? {} : { breakGlass: { allowed: true, dueMinutes: given.dueMinutes } }),
    };
    return { ...tag, setpoint: { ...tag.setpoint, policy } };
  });
  return { ...settings, plant: { ...settings.plant, tags } };
}

let house: TestGateway;
let browser: Browser;
let operator: ApiClient;
const contexts: BrowserContext[] = [];
const certified = new Set<string>();
const faults: string[] = [];

beforeAll(async () => {
  if (!existsSync(join(hmiFolder, 'index.html')))
    throw new Error('The HMI is not built: run `npm test`, which builds it, or `npx vite build hmi-web`.');
  [house, browser] = await Promise.all([startTestGateway({ hmiFolder, settings: withPairs }), launchBrowser()]);
  operator = await house.person('operator');
});
afterAll(async () => {
  await browser?.close();
  await house?.stop();
});
afterEach(async () => {
  for (const context of contexts.splice(0)) await context.close();
  expect(faults.splice(0)).toEqual([]);
});

/** Signed in at a new terminal, on one of its pages, live. */
async function openAs(name: string, path = '/'): Promise<Page> {
  // Certified once: a person may have so many sessions, and the oldest ends for one more.
  if (!certified.has(name)) await house.person(name);
  certified.add(name);
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, hasTouch: true });
  contexts.push(context);
  const page = await context.newPage();
  page.setDefaultTimeout(patienceMs);
  page.on('pageerror', (error) => faults.push(error.message));
  await page.goto(house.origin);
  await page.getByLabel('User name').fill(name);
  await page.getByLabel('Password', { exact: true }).fill(demoPassword);
  await page.keyboard.press('Enter');
  await page.locator('.cs-frame[data-link="live"]').waitFor();
  if (path !== '/') {
    await page.goto(house.origin + path);
    await page.locator('.cs-frame[data-link="live"]').waitFor();
  }
  return page;
}
const fate = (page: Page, words: string) => page.getByRole('status').getByText(words).first().waitFor();
const press = (scope: Page | Locator, name: string) => scope.getByRole('button', { name, exact: true }).tap();
/** Fills in what the signature form asks for, and presses its button. */
async function sign(page: Page, who: string, button: string, comment = 'seen at the panel'): Promise<void> {
  const form = page.getByRole('form', { name: 'Signature' });
  await form.waitFor();
  const reason = form.locator('[data-part="reason"] input').last();
  if ((await reason.count()) > 0) await reason.check();
  const words = form.getByRole('textbox', { name: 'Comment' });
  if ((await words.count()) > 0) await words.fill(comment);
  const name = form.getByLabel('User name');
  if ((await name.count()) > 0) await name.fill(who);
  await form.getByLabel('Password', { exact: true }).fill(demoPassword);
  await press(form, button);
}
const newest = async (kind: string): Promise<LogRecord | undefined> =>
  (await house.records()).findLast((record) => record.kind === kind);
/** Asked for and signed by the operator at a terminal of his own; it waits for a second person. */
const askedByOperator = (tag: string, value: unknown) => askedBy(operator, 'operator', tag, value);
async function askedBy(client: ApiClient, name: string, tag: string, value: unknown): Promise<string> {
  const reason = { code: 'adjustment', comment: 'valve work on the return line' };
  const answer = await client.changeSetpoint(tag, value, reason, name, demoPassword);
  expect(answer.body).toMatchObject({ state: 'awaiting-countersignature' });
  return String(answer.body.id);
}

describe('several people at several terminals', () => {
  it('SIG-5, HMI-3: it appears at once at another terminal with all to judge it by, is countersigned there, and the first one sees it done', async () => {
    const first = await openAs('operator', '/areas/utilities');
    const second = await openAs('supervisor');
    await first.locator(`[data-tag="${pump}"][data-show="setpoint"]`).tap();
    await sign(first, 'operator', 'Sign', 'valve work on the return line');
    await fate(first, 'Waiting for countersignature');
    expect(house.plant.writes.applied(pump)).toHaveLength(0);

    await second.getByText(`Awaiting your signature: ${pump} Run → Stop`).waitFor();
    await second.getByRole('link', { name: 'Commands, 1 awaiting your signature' }).tap();
    const row = second.getByRole('region', { name: 'Awaiting your signature' }).getByRole('row').last();
    await expect
      .poll(() => row.innerText())
      .toMatch(/Olivia Brandt signed: Maintenance or test, “valve work on the return line”/);
    await expect.poll(() => row.innerText()).toMatch(/met[\s\S]*until \d\d:\d\d:\d\d/);
    await row.getByRole('link', { name: 'Judge and countersign' }).tap();
    const judged = second.getByRole('region', { name: 'To judge it by' });
    await judged.getByText('Stopping the pump ends circulation').waitFor();
    await judged.getByText('Tank level not low').waitFor();
    await expect.poll(() => judged.innerText()).toMatch(/\d:\d\d left[\s\S]*Present value\s+Run/);
    await press(second, 'Countersign');
    await sign(second, 'supervisor', 'Sign');
    await fate(second, 'Confirmed');
    await fate(first, 'Confirmed');
    expect(house.plant.writes.applied(pump)).toHaveLength(1);

    // The whole life, with both signatures' elements (SIG-8), and what the device answered around the write.
    const life = second.getByRole('list', { name: 'Life of the command' });
    for (const [name, meaning] of [
      ['Olivia Brandt', 'Responsibility'],
      ['Samuel Okafor', 'Verification'],
    ])
      await expect
        .poll(() => second.getByLabel(`Signature of ${name}`).innerText())
        .toMatch(new RegExp(`${name}[\\s\\S]*${meaning}[\\s\\S]*UTC[\\s\\S]*Signed with\\s+password`));
    for (const stage of ['Change asked for', 'Signed', 'Countersigned', 'Accepted', 'Written to the PLC', 'Confirmed'])
      await life.getByRole('heading', { name: stage }).first().waitFor();
    await second.getByText('Read from the device around the write').waitFor();
    const confirmed = await newest('command.confirmed');
    const trace = confirmed?.detail?.trace as readonly { value: unknown }[];
    expect([trace[0]?.value, trace.at(-1)?.value]).toEqual([true, false]);

    // On paper: plant, time in plant time and UTC, by whom; nothing of the frame.
    await second.emulateMedia({ media: 'print' });
    const head = await second.locator('.cs-print-head').innerText();
    expect(head).toMatch(
      /demonstration[\s\S]*Command [0-9a-f-]{36}[\s\S]*Printed \d{4}-[^Z]*\(UTC[^Z]*Z, by Samuel Okafor/,
    );
    expect(await second.locator('.cs-header').isVisible()).toBe(false);
    expect(await second.getByRole('button', { name: 'Print' }).isVisible()).toBe(false);
    const paper = await second.pdf({ preferCSSPageSize: true });
    expect(paper.subarray(0, 5).toString()).toBe('%PDF-');
  });

  it('SIG-5: the second person declines with a reason; it is on record, and the PLC sees nothing', async () => {
    const id = await askedByOperator(glass, 42);
    const first = await openAs('operator', `/commands/${id}`);
    const second = await openAs('supervisor', `/commands/${id}`);
    await press(second, 'Decline');
    await sign(second, 'supervisor', 'Sign and decline', 'the batch is at its end');
    await fate(second, 'Declined');
    await fate(first, 'Declined');
    await expect
      .poll(() => first.getByLabel('Signature of Samuel Okafor').innerText())
      .toContain('the batch is at its end');
    expect(await newest('command.declined')).toMatchObject({
      command: id,
      actor: { id: 'supervisor' },
      reason: { comment: 'the batch is at its end' },
    });
    expect(house.plant.writes.applied(glass)).toHaveLength(0);
  });

  it('SIG-5, SIG-10: the same person is no second one, however he spells his name; the first signer withdraws', async () => {
    // He has the right to verify as well: it is not for lack of that.
    const id = await askedBy(await house.person('supervisor'), 'supervisor', glass, 42);
    const page = await openAs('supervisor', `/commands/${id}`);
    await press(page, 'Countersign');
    await sign(page, 'SUPERVISOR', 'Sign');
    await page.getByRole('alert').getByText('The same person cannot sign twice.').waitFor();
    expect(await newest('command.signature-refused')).toMatchObject({ command: id, detail: { code: 'same-signer' } });
    await press(page, 'Back');
    await press(page, 'Withdraw');
    await fate(page, 'Withdrawn');
    expect(await newest('command.withdrawn')).toMatchObject({ command: id, actor: { id: 'supervisor' } });
    expect(house.plant.writes.applied(glass)).toHaveLength(0);
  });

  it('SIG-5: what nobody countersigns in time expires before the second person’s eyes', async () => {
    const second = await openAs('supervisor', '/commands');
    const id = await askedByOperator(brief, 12.5);
    await second.getByRole('link', { name: 'Judge and countersign' }).tap();
    await second.getByText(/0:\d\d left/).waitFor();
    await fate(second, 'Expired');
    expect(await second.getByRole('button', { name: 'Countersign', exact: true }).count()).toBe(0);
    expect(await newest('command.expired')).toMatchObject({ command: id });
    expect(house.plant.writes.applied(brief)).toHaveLength(0);
  });

  it('CMD-13: break-glass is carried out on one complete signature, is told on every page at every terminal, and ends with the other one', async () => {
    const first = await openAs('operator');
    const second = await openAs('supervisor', '/tags');
    await first.locator(`[data-tag="${glass}"][data-show="setpoint"]`).tap();
    await first.getByLabel('New value').fill('41');
    await first.getByRole('checkbox', { name: /Break-glass/ }).check();
    await sign(first, 'operator', 'Sign and send', 'nobody else is on site');
    await fate(first, 'Confirmed');
    expect(house.plant.writes.applied(glass)).toHaveLength(1);
    expect(await newest('break-glass.used')).toMatchObject({ subject: glass, detail: { missing: 1 } });
    const loud = 'Carried out by break-glass: countersignatures are due.';
    await first.getByText(loud).waitFor();
    await second.getByText(loud).waitFor();
    await second.getByRole('link', { name: 'Commands, 1 awaiting your signature' }).tap();
    await second.getByText(loud).waitFor();
    await second.getByRole('link', { name: 'Judge and countersign' }).tap();
    await press(second, 'Countersign what was done');
    await sign(second, 'supervisor', 'Sign');
    await second.getByText('All countersignatures given').waitFor();
    for (const page of [first, second]) await page.getByText(loud).waitFor({ state: 'detached' });
    expect(await newest('break-glass.settled')).toMatchObject({ subject: glass });
    expect(house.plant.writes.applied(glass)).toHaveLength(1);
  });

  it('CMD-13: overdue it is a standing alarm, and the glass is not broken again until it is given', async () => {
    const page = await openAs('operator');
    const dialog = async (value: string) => {
      await page.locator(`[data-tag="${late}"][data-show="setpoint"]`).tap();
      await page.getByLabel('New value').fill(value);
      await page.getByRole('checkbox', { name: /Break-glass/ }).check();
      await sign(page, 'operator', 'Sign and send', 'nobody else is on site');
    };
    await dialog('125');
    await fate(page, 'Confirmed');
    await page.keyboard.press('Escape');
    const standing = page.getByRole('alert').getByText('Countersignatures after break-glass are overdue.');
    await standing.waitFor();
    expect(await newest('break-glass.overdue')).toMatchObject({ subject: late });
    await dialog('130');
    await page
      .getByRole('alert')
      .getByText('Countersignatures of an earlier break-glass command are overdue.')
      .waitFor();
    expect(await newest('command.refused')).toMatchObject({ subject: late, detail: { code: 'break-glass-overdue' } });
    expect(house.plant.writes.applied(late)).toHaveLength(1);
    await page.keyboard.press('Escape');
    await standing.waitFor();
    const { body } = await (await house.person('supervisor')).get<{ commands: { id: string }[] }>(
      '/commands?breakGlass=overdue',
    );
    const second = await openAs('supervisor', `/commands/${body.commands[0]?.id}`);
    await press(second, 'Countersign what was done');
    await sign(second, 'supervisor', 'Sign');
    await standing.waitFor({ state: 'detached' });
  });

  it('CMD-10: a token is issued with a signature and shown once; what the machine proposes waits, named with its origin, for a person; revoked it is worth nothing', async () => {
    const admin = await openAs('admin', '/administration');
    await press(admin, 'New access token');
    const dialog = admin.getByRole('dialog');
    await dialog.getByLabel('Name').fill('MES line 3');
    await dialog.getByLabel('Upstream').check();
    await press(dialog, 'Continue to sign');
    await sign(admin, 'admin', 'Sign and issue', 'for the batch executive');
    const token = (await dialog.getByRole('status', { name: 'Shown once' }).innerText()).trim();
    await press(dialog, 'I have it; put it away');
    await admin.getByRole('row').filter({ hasText: 'MES line 3' }).getByText('propose setpoints').waitFor();
    expect(await admin.locator('body').innerText()).not.toContain(token);
    expect(JSON.stringify(await house.records())).not.toContain(token);
    const issued = await newest('token.issued');
    expect(issued).toMatchObject({ actor: { id: 'admin' } });

    const propose = async (value: number) =>
      fetch(`${house.origin}/api/v1/proposals`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ tagId: 'BR101.TIC.SP', value, origin: 'Recipe step 12', reference: 'WO-88121' }),
      });
    const page = await openAs('operator', '/commands');
    expect((await propose(37.5)).status).toBe(201);
    const row = page.getByRole('region', { name: 'Awaiting your signature' }).getByRole('row').last();
    await row.getByText('Proposal').first().waitFor();
    await expect.poll(() => row.innerText()).toMatch(/MES line 3[\s\S]*Recipe step 12 · WO-88121/);
    expect(house.plant.writes.applied('BR101.TIC.SP')).toHaveLength(0);
    await row.getByRole('link', { name: 'Judge and sign' }).tap();
    await press(page, 'Sign');
    await sign(page, 'operator', 'Sign');
    await fate(page, 'Confirmed');
    expect(house.plant.writes.applied('BR101.TIC.SP')).toHaveLength(1);
    await page.getByText('MES line 3: Recipe step 12 (WO-88121)').waitFor();

    expect((await propose(38)).status).toBe(201);
    await page.getByRole('link', { name: /^Commands/ }).tap();
    await row.getByRole('link', { name: 'Judge and sign' }).tap();
    await press(page, 'Decline');
    await sign(page, 'operator', 'Sign and decline', 'not at this phase');
    await fate(page, 'Declined');
    expect(house.plant.writes.applied('BR101.TIC.SP')).toHaveLength(1);

    await press(admin.getByRole('row').filter({ hasText: 'MES line 3' }), 'Revoke');
    await press(dialog, 'Continue to sign');
    await sign(admin, 'admin', 'Sign and revoke', 'line 3 is closed');
    await admin.getByRole('row').filter({ hasText: 'MES line 3' }).getByText('Revoked').waitFor();
    expect(await newest('token.revoked')).toMatchObject({ actor: { id: 'admin' } });
    expect((await propose(38.2)).status).toBe(401);
  });

  it('TRM-1: an administrator signs for an enrolment code, which is shown once and works once', async () => {
    const admin = await openAs('admin', '/administration');
    await press(admin, 'New enrolment code');
    const dialog = admin.getByRole('dialog');
    await dialog.getByLabel('Location').fill('Bioreactor hall');
    await dialog.getByLabel('Upstream').check();
    await dialog.getByLabel('Networks').fill('127.0.0.0/8, ::1/128');
    await press(dialog, 'Continue to sign');
    await sign(admin, 'admin', 'Sign and issue', 'panel 3');
    const code = (await dialog.getByRole('status', { name: 'Shown once' }).innerText()).trim();
    await press(dialog, 'I have it; put it away');
    const panel = await Client.create(house.origin);
    expect((await panel.enrol('Panel 3', code)).body).toMatchObject({ status: 'active' });
    const again = await Client.create(house.origin);
    expect((await again.enrol('Panel 4', code)).body).toMatchObject({ code: 'enrolment-code-invalid' });
    await admin.reload();
    await admin.getByRole('row').filter({ hasText: 'Panel 3' }).getByText('Bioreactor hall').waitFor();
    expect(await newest('terminal.code-issued')).toMatchObject({ actor: { id: 'admin' } });
  });

  it('CMD-5, CMD-6: an unknown outcome is told on every page until a person says, with a signature, what he found', async () => {
    const second = await openAs('supervisor', '/tags');
    const tag = 'WFI.TIC.SP';
    house.plant.faults.inject({
      kind: 'never-answer',
      protocol: 'modbus',
      on: 'writes',
      points: [tag],
      when: 'before-apply',
    });
    const asked = await operator.changeSetpoint(tag, 81, 'batch-step', 'operator', demoPassword);
    expect(asked.body, JSON.stringify(asked.body)).toMatchObject({ tagId: tag });
    await until(async () => (await newest('command.unknown'))?.subject === tag, 'the unknown outcome');
    house.plant.faults.clear();
    const writes = house.plant.writes.count();
    await second.getByText(`Outcome unknown: ${tag} to 81.0`).waitFor();
    await second.getByRole('link', { name: 'Say what was found' }).tap();
    await fate(second, 'Outcome unknown');
    await press(second, 'It has not');
    await sign(second, 'supervisor', 'Sign what was found', 'the controller’s display shows 80');
    await fate(second, 'Resolved');
    await second.getByText(`Outcome unknown: ${tag}`).waitFor({ state: 'detached' });
    await expect
      .poll(() => second.getByLabel('Signature of Samuel Okafor').innerText())
      .toContain('the controller’s display');
    expect(await newest('command.resolved')).toMatchObject({
      actor: { id: 'supervisor' },
      detail: { code: 'not-reached' },
    });
    expect(house.plant.writes.count()).toBe(writes);
  });

  it('CMD-7, CMD-3: two operators at two terminals change one tag at once: one goes through, the other is told what changed under him', async () => {
    const pages = [await openAs('operator'), await openAs('supervisor')] as const;
    for (const [index, page] of pages.entries()) {
      await page.locator('[data-tag="BR101.PH.SP"][data-show="setpoint"]').tap();
      await page.getByLabel('New value').fill(index === 0 ? '7.2' : '7.05');
      await page.getByText('Adjustment within the validated range').tap();
      await page.getByText('To be signed').waitFor();
    }
    const [first, second] = pages;
    await sign(first, 'operator', 'Sign and send');
    await fate(first, 'Confirmed');
    await second.getByText('The value changed while this was open.').waitFor();
    await second.getByText('You saw 7.10 pH; the plant now has 7.20 pH.').waitFor();
    await expect.poll(() => second.getByRole('button', { name: 'Sign and send' }).isDisabled()).toBe(true);
    expect(house.plant.writes.applied('BR101.PH.SP')).toHaveLength(1);
  });
});
