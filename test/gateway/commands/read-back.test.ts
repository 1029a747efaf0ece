import { describe, expect, test } from 'vitest';
import type { Confirmation } from '../../../gateway/plant/tag.ts';
import { makeTag, makeWorld, setpointRule } from './desk-world.ts';

const pumpRule = { ...setpointRule, min: null, max: null, maxStep: null, resolution: null, tolerance: 0 };
const states = { '0': 'Stopped', '1': 'Running' };
const running = makeTag(1, 'PUMP.RUN', { dataType: 'bool', unit: '', states, setpoint: null });
const feedback: Confirmation['feedback'] = {
  tag: running.id,
  test: (values) => values.get('value') === values.get('feedback'),
};
function pumpWith(confirm: Confirmation) {
  return makeTag(0, 'PUMP.CMD', { dataType: 'bool', unit: '', states, setpoint: { ...pumpRule, confirm } });
}

type Plant = { readonly set: (tag: number, value: boolean, afterMs: number) => void };
type Case = {
  readonly title: string;
  readonly confirm: Confirmation;
  readonly afterWrite: (plant: Plant) => void;
  readonly answer?: 'none';
  readonly before?: boolean;
  readonly state: string;
  readonly code: string;
  readonly says: string;
};

const held: Confirmation = { rest: null, feedback: null };
const fed: Confirmation = { rest: null, feedback };
const pulse: Confirmation = { rest: false, feedback: null };
const pulseFed: Confirmation = { rest: false, feedback };

/** PUMP.CMD is 0, PUMP.RUN is 1; the rule settles in 200 ms and confirms within 1 s more. */
const cases: readonly Case[] = [
  {
    title: 'a value that the device gives up again while it settles has reverted',
    confirm: held,
    afterWrite: ({ set }) => set(0, false, 150),
    state: 'failed',
    code: 'reverted',
    says: 'The device held Running, then went to Stopped.',
  },
  {
    title: 'a feedback that follows within the time confirms',
    confirm: fed,
    afterWrite: ({ set }) => set(1, true, 700),
    state: 'confirmed',
    code: 'read-back-agrees',
    says: 'PUMP.RUN shows Running',
  },
  {
    title: 'a feedback that does not follow is a failure, and the text says what each of the two shows',
    confirm: fed,
    afterWrite: () => undefined,
    state: 'failed',
    code: 'feedback-differs',
    says: 'The device holds Running, but PUMP.RUN shows Stopped.',
  },
  {
    title: 'a feedback alone confirms nothing that the point itself has given up',
    confirm: fed,
    afterWrite: ({ set }) => {
      set(1, true, 0);
      set(0, false, 100);
    },
    state: 'failed',
    code: 'reverted',
    says: 'then went to Stopped',
  },
  {
    title: 'a pulse that was seen and returned by itself is confirmed',
    confirm: pulse,
    afterWrite: ({ set }) => set(0, false, 500),
    state: 'confirmed',
    code: 'read-back-agrees',
    says: 'The device held Running and returned to Stopped by itself.',
  },
  {
    title: 'a pulse that does not return is a failure',
    confirm: pulse,
    afterWrite: () => undefined,
    state: 'failed',
    code: 'not-reset',
    says: 'did not return to Stopped',
  },
  {
    title: 'a pulse that nobody saw is unknown: at rest, it may have moved or never',
    confirm: pulse,
    afterWrite: ({ set }) => set(0, false, 0),
    state: 'unknown',
    code: 'pulse-not-seen',
    says: 'nobody saw it at Running',
  },
  {
    title: 'a pulse too short to be seen is confirmed by its feedback',
    confirm: pulseFed,
    afterWrite: ({ set }) => {
      set(0, false, 0);
      set(1, true, 400);
    },
    state: 'confirmed',
    code: 'read-back-agrees',
    says: 'PUMP.RUN shows Running',
  },
  {
    title: 'a feedback that showed it before the pulse proves nothing',
    confirm: pulseFed,
    before: true,
    afterWrite: ({ set }) => set(0, false, 0),
    state: 'unknown',
    code: 'pulse-not-seen',
    says: 'nobody saw it at Running',
  },
  {
    title: 'without an answer to the write, a pulse that was seen is proof',
    confirm: pulse,
    answer: 'none',
    afterWrite: ({ set }) => set(0, false, 300),
    state: 'confirmed',
    code: 'read-back-agrees',
    says: 'returned to Stopped by itself',
  },
  {
    title: 'without an answer to the write, a missing feedback is unknown, not a failure',
    confirm: fed,
    answer: 'none',
    afterWrite: () => undefined,
    state: 'unknown',
    code: 'no-answer',
    says: 'Look at the equipment',
  },
];

describe('what confirms a write', () => {
  test.each(cases)('CMD-5: $title', async ({ confirm, afterWrite, answer, before = false, state, code, says }) => {
    const pump = pumpWith(confirm);
    const world = await makeWorld({ tags: [pump, running] });
    world.device.values.set(0, false);
    world.device.values.set(1, before);
    world.device.onWrite = (tag, value) => {
      world.device.values.set(tag.index, value);
      afterWrite({
        set: (index, to, afterMs) => {
          if (afterMs === 0) world.device.values.set(index, to);
          else void world.clock.wait(afterMs).then(() => world.device.values.set(index, to));
        },
      });
      return answer === 'none' ? { kind: 'unknown', detail: 'no answer' } : { kind: 'written', status: 'Good' };
    };
    const outcome = await world.commanded('operator', pump, true);
    expect(outcome).toMatchObject({ ok: true, command: { state, outcome: { code } } });
    const record = world.log.last(`command.${state}`);
    expect(record.detail).toMatchObject({ code, readBack: { value: world.device.values.get(0) } });
    expect(record.detail?.text).toContain(says);
    expect(world.device.writes).toHaveLength(1);
  });

  test('CMD-5: a device that can be read again shortly after the time still tells the truth', async () => {
    const world = await makeWorld({ tags: [pumpWith(held), running] });
    world.device.values.set(0, false);
    world.device.onWrite = (tag, value) => {
      world.device.values.set(tag.index, value);
      world.device.readable = false;
      void world.clock.wait(2_500).then(() => {
        world.device.readable = true;
      });
      return { kind: 'written', status: 'Good' };
    };
    const outcome = await world.commanded('operator', pumpWith(held), true);
    expect(outcome).toMatchObject({ ok: true, command: { state: 'confirmed' } });
  });

  test('CMD-5: a feedback that cannot be read leaves the outcome unknown', async () => {
    const world = await makeWorld({
      tags: [pumpWith(fed), running],
      ports: {},
    });
    world.device.values.set(0, false);
    world.device.values.set(1, null);
    const outcome = await world.commanded('operator', pumpWith(fed), true);
    expect(outcome).toMatchObject({
      ok: true,
      command: { state: 'unknown', outcome: { code: 'feedback-not-readable' } },
    });
  });
});
