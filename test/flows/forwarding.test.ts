import { afterAll, beforeAll, expect, it } from 'vitest';
import { demoPassword, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { type KillableReceiver, webhookServer } from '../support/record-receivers.ts';
import { until } from '../support/until.ts';

const secret = 'a secret of at least 24 characters';
let receiver: KillableReceiver;
let house: TestGateway;

beforeAll(async () => {
  receiver = await webhookServer(Buffer.from(secret));
  house = await startTestGateway({
    settings: (settings) => ({
      ...settings,
      forwarding: [
        { name: 'quality', to: 'webhook', url: `http://127.0.0.1:${receiver.port}/in`, secret, from: 'beginning' },
      ],
    }),
  });
});
afterAll(async () => {
  await house.stop();
  await receiver.kill();
});

const forwarding = () => house.gateway().health().parts.forwarding?.quality;
const metrics = async (): Promise<string> => (await fetch(`${house.origin}/metrics`)).text();

it('AUD-10: a receiver away through commands and a restart holds nothing up, is shown, and gets all of it afterwards', async () => {
  const person = await house.person('operator');
  await until(() => receiver.records.some(({ kind }) => kind === 'session.opened'), 'what happened so far');
  expect(await metrics()).toContain('countersign_forwarding_up{receiver="quality"} 1');

  await receiver.kill();
  const changed = await person.changeSetpoint('BR101.PH.SP', 7.2, 'adjustment', 'operator', demoPassword);
  expect(changed.body).toMatchObject({ state: 'confirmed' });
  await until(() => forwarding()?.state === 'lost', 'the loss to be seen');
  expect(house.gateway().health().status).toBe('degraded');
  expect(forwarding()?.behind).toBeGreaterThan(0);
  const shown = await metrics();
  expect(shown).toContain('countersign_forwarding_up{receiver="quality"} 0');
  expect(shown).toMatch(/countersign_forwarding_behind_records\{receiver="quality"\} [1-9]/);
  await until(async () => (await house.records()).some(({ kind }) => kind === 'forwarding.lost'), 'its record');

  await house.stopGateway();
  await receiver.start();
  await house.startGateway();
  await until(() => forwarding()?.state === 'delivering' && forwarding()?.behind === 0, 'the rest');
  const numbers = [...new Set(receiver.records.map(({ seq }) => seq))];
  expect(numbers).toEqual(numbers.map((_, index) => index));
  expect(receiver.records.map(({ kind }) => kind)).toEqual(
    expect.arrayContaining(['command.confirmed', 'gateway.stopped', 'forwarding.lost']),
  );
});
