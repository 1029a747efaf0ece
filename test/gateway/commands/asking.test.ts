import { describe, expect, test } from 'vitest';
import type { CommandBody } from '../../../gateway/contract/command.ts';
import { tagIdSchema } from '../../../gateway/contract/ids.ts';
import { codeOf, makeTag, makeWorld, measured, setpointRule, temperature, type World } from './desk-world.ts';

type Case = {
  readonly title: string;
  readonly code: string;
  readonly body?: Partial<CommandBody>;
  readonly person?: 'operator' | 'visitor';
  readonly before?: (world: World) => void;
};

const refusals: readonly Case[] = [
  { title: 'SIG-1: an unknown tag', code: 'tag-unknown', body: { tagId: tagIdSchema.parse('NO.SUCH') } },
  { title: 'CMD-2: a person without the right', code: 'right-missing', person: 'visitor' },
  { title: 'CMD-2: a tag that is no setpoint', code: 'tag-not-writable', body: { tagId: measured.id } },
  { title: 'CMD-2: a text for a number', code: 'value-wrong-type', body: { value: '38' } },
  { title: 'CMD-2: nothing for a number', code: 'value-wrong-type', body: { value: null } },
  { title: 'CMD-2: a boolean for a number', code: 'value-wrong-type', body: { value: true } },
  { title: 'CMD-2: NaN', code: 'value-wrong-type', body: { value: Number.NaN } },
  { title: 'CMD-2: infinity', code: 'value-wrong-type', body: { value: Number.POSITIVE_INFINITY } },
  { title: 'CMD-2: more than a 32-bit float holds', code: 'value-out-of-range', body: { value: 1e39 } },
  { title: 'CMD-2: above the range', code: 'value-out-of-range', body: { value: 40.1 } },
  { title: 'CMD-2: below the range', code: 'value-out-of-range', body: { value: 29.9 } },
  { title: 'CMD-2: off the grid', code: 'value-out-of-range', body: { value: 37.55 } },
  { title: 'CMD-2: too large a step', code: 'step-too-large', body: { value: 39.1 } },
  { title: 'CMD-2: no change', code: 'value-unchanged', body: { value: 37 } },
  {
    title: 'CMD-3: another value than was seen',
    code: 'value-changed',
    before: (world) => world.device.values.set(0, 37.2),
  },
  {
    title: 'CMD-3: a value that is not good',
    code: 'value-not-good',
    before: ({ device }) => {
      device.quality = 'uncertain';
    },
  },
  {
    title: 'CMD-3: a value that nobody vouched for in time',
    code: 'value-not-fresh',
    before: ({ device, clock }) => device.vouchedMs.set(0, clock.now() - setpointRule.freshnessMs - 1),
  },
];

describe('asking for a command', () => {
  test.each(refusals)(
    '$title is refused as $code, recorded, and the PLC sees nothing',
    async ({ code, body, person, before }) => {
      const world = await makeWorld();
      const asked: CommandBody = {
        tagId: temperature.id,
        value: 37.5,
        observed: { value: 37, sourceTime: world.clock.iso() },
        ...body,
      };
      before?.(world);
      const answer = await world.desk.ask(world.caller(person ?? 'operator'), asked);
      expect(codeOf(answer)).toBe(code);
      const record = world.log.last('command.refused');
      expect(world.log.kinds()).toEqual(['command.refused']);
      expect(answer).toMatchObject({ record: record.seq });
      expect(record).toMatchObject({
        subject: asked.tagId,
        new: asked.value,
        actor: { id: person ?? 'operator' },
        terminal: { name: 'Panel 1' },
        detail: { code },
      });
      expect(world.device.writes).toEqual([]);
      expect((await world.desk.list(world.caller('operator'), null, 10)).commands).toEqual([]);
    },
  );

  test('CMD-3: a value that changed is told with the present one', async () => {
    const world = await makeWorld();
    world.device.values.set(0, 37.2);
    const observed = { value: 37, sourceTime: world.clock.iso() };
    const answer = await world.desk.ask(world.caller('operator'), { tagId: temperature.id, value: 37.5, observed });
    expect(answer).toMatchObject({ ok: false, code: 'value-changed', current: 37.2 });
  });

  test('CMD-1, SIG-6: what passes is recorded and answered with a statement over all that will be signed', async () => {
    const world = await makeWorld();
    const command = await world.asked('operator', temperature, 37.5);
    expect(world.log.kinds()).toEqual(['command.asked']);
    expect(command).toMatchObject({ state: 'asked', value: 37.5, missingSignatures: 1, askedBy: { id: 'operator' } });
    expect(command.statement).toMatchObject({
      version: 1,
      purpose: 'command',
      command: command.id,
      tag: 'TIC.SP',
      observed: { value: 37, quality: 'good' },
      value: 37.5,
      unit: '°C',
      terminal: world.panel.id,
      configuration: { seq: 4 },
      expiresAt: command.expiresAt,
    });
    expect(command.requires).toMatchObject({
      components: ['username', 'password'],
      reason: 'required',
      countersignatures: 0,
    });
    expect(world.device.writes).toEqual([]);
  });

  test('CMD-2: the value is shown, signed and written as the device will hold it', async () => {
    const rule = { ...setpointRule, min: 0, max: 25, maxStep: null, resolution: null, tolerance: 0.004 };
    const flow = makeTag(0, 'FIC.SP', {
      dataType: 'uint16',
      unit: 'm³/h',
      scaling: { factor: 0.01, offset: 0 },
      setpoint: rule,
    });
    const world = await makeWorld({ tags: [flow] });
    world.device.values.set(0, 12);
    const command = await world.asked('operator', flow, 12.3449);
    expect(command.value).toBe(12.34);
    expect(command.statement).toMatchObject({ value: 12.34 });
    await world.clock.until(
      world.desk.sign(world.caller('operator'), command.id, await world.signedBody('operator', command.statement)),
    );
    expect(world.device.writes.map(({ value }) => value)).toEqual([12.34]);
  });

  test('CMD-4: while the log is away nothing is asked, not even refused', async () => {
    const world = await makeWorld();
    world.log.away = true;
    const observed = { value: 37, sourceTime: world.clock.iso() };
    const ask = (value: number) => world.desk.ask(world.caller('operator'), { tagId: temperature.id, value, observed });
    await expect(ask(37.5)).rejects.toMatchObject({ code: 'log-unavailable' });
    await expect(ask(99)).rejects.toMatchObject({ code: 'log-unavailable' });
    world.log.away = false;
    expect((await world.desk.list(world.caller('operator'), null, 10)).commands).toEqual([]);
    expect(world.device.writes).toEqual([]);
  });

  test('CMD-1: one person has at most 20 open commands, however fast he asks; a withdrawn one makes room', async () => {
    const world = await makeWorld();
    const observed = { value: 37, sourceTime: world.clock.iso() };
    const ask = () => world.desk.ask(world.caller('operator'), { tagId: temperature.id, value: 37.5, observed });
    const answers = await Promise.all(Array.from({ length: 25 }, ask));
    expect(answers.filter((answer) => answer.ok)).toHaveLength(20);
    expect(answers.filter((answer) => !answer.ok).map(codeOf)).toEqual(Array(5).fill('too-many-requests'));
    expect(world.log.kinds().filter((kind) => kind === 'command.refused')).toHaveLength(5);
    const open = answers.find((answer) => answer.ok);
    if (open?.ok !== true) throw new Error('some must be open');
    expect(await world.desk.withdraw(world.caller('operator'), open.command.id)).toMatchObject({
      command: { state: 'withdrawn' },
    });
    expect((await ask()).ok).toBe(true);
  });
});
