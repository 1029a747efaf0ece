import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { WritableTag } from '../../../gateway/commands/checks.ts';
import { checkPace, type Move, movesOf } from '../../../gateway/commands/pace.ts';
import { permissiveStates, type UsableValue } from '../../../gateway/commands/permissives.ts';
import type { TagValue } from '../../../gateway/contract/values.ts';
import type { Permissive } from '../../../gateway/plant/condition.ts';
import type { Tag } from '../../../gateway/plant/tag.ts';
import { compileCondition, type VariableType } from '../../../gateway/settings/conditions.ts';
import { codeOf, makeTag, makeWorld, setpointRule, type World } from './desk-world.ts';

function permissive(
  name: string,
  when: string | null,
  reads: Permissive['reads'],
  types: Record<string, VariableType>,
): Permissive {
  const all = reads.map((read) => read.name);
  if (when === null) return { name, when, remedy: '', reads, test: (values) => all.every((one) => values.has(one)) };
  const compiled = compileCondition(when, new Map(Object.entries(types)));
  if (!compiled.ok) throw new Error(compiled.what);
  return { name, when, remedy: 'Put it into automatic.', reads, test: compiled.test };
}

const mode = makeTag(1, 'TIC.MODE', {
  dataType: 'int32',
  unit: '',
  states: { '0': 'Manual', '1': 'Automatic' },
  setpoint: null,
});
const level = makeTag(2, 'LIC.PV', { unit: '%', setpoint: null });
const automatic = permissive('Controller in automatic', 'mode == 1', [{ name: 'mode', tag: mode.id }], {
  value: 'double',
  mode: 'int',
});
const readable = permissive('Level can be read', null, [{ name: 'level', tag: level.id }], {});
const guarded = makeTag(0, 'TIC.SP', { setpoint: { ...setpointRule, permissives: [automatic, readable] } });
const tags = [guarded, mode, level];

async function world(): Promise<World> {
  const made = await makeWorld({ tags });
  made.device.values.set(1, 1);
  made.device.values.set(2, 55);
  return made;
}
async function ask(made: World, tag: Tag, value: TagValue) {
  const observed = { value: made.device.values.get(tag.index) ?? null, sourceTime: made.clock.iso() };
  return made.desk.ask(made.caller('operator'), { tagId: tag.id, value, observed });
}

describe('permissives of a setpoint', () => {
  test('CMD-2: all met, the command is asked, and shows and records each with what it rests on', async () => {
    const made = await world();
    const answer = await ask(made, guarded, 37.5);
    const states = [
      { name: 'Controller in automatic', met: true, present: 'TIC.MODE: Automatic' },
      { name: 'Level can be read', met: true, present: 'LIC.PV: 55 %' },
    ];
    expect(answer).toMatchObject({ ok: true, command: { permissives: states } });
    expect(made.log.last('command.asked').detail).toMatchObject({ permissives: states });
    expect(await made.commanded('operator', guarded, 37.5)).toMatchObject({
      ok: true,
      command: { state: 'confirmed' },
    });
  });

  const spoilt: readonly { readonly title: string; readonly spoil: (made: World) => void; readonly says: string }[] = [
    {
      title: 'the condition is false',
      spoil: ({ device }) => void device.values.set(1, 0),
      says: '“Controller in automatic” is not met (TIC.MODE: Manual). Put it into automatic.',
    },
    {
      title: 'the tag that it rests on has no value',
      spoil: ({ device }) => void device.values.set(1, null),
      says: '“Controller in automatic” cannot be judged (TIC.MODE: good (none))',
    },
    {
      title: 'the tag whose quality it asks for has no value',
      spoil: ({ device }) => void device.values.set(2, null),
      says: '“Level can be read” is not met',
    },
  ];
  test.each(spoilt)(
    'CMD-2: where $title, asking is refused and recorded, and the PLC sees nothing',
    async ({ spoil, says }) => {
      const made = await world();
      spoil(made);
      const answer = await ask(made, guarded, 37.5);
      expect(codeOf(answer)).toBe('permissive-not-met');
      expect(made.log.last('command.refused').detail).toMatchObject({ code: 'permissive-not-met' });
      expect(made.log.last('command.refused').detail?.text).toContain(says);
      expect(made.device.writes).toEqual([]);
    },
  );

  test('CMD-2: a tag that its device has not confirmed in time is as good as none', async () => {
    const made = await world();
    made.device.vouchedMs.set(1, made.clock.now() - 5_001);
    const answer = await ask(made, guarded, 37.5);
    expect(codeOf(answer)).toBe('permissive-not-met');
    expect(made.log.last('command.refused').detail?.text).toContain('not confirmed within 5 s');
  });

  test.each(spoilt)(
    'CMD-2: where $title only right before the write, the device itself is asked, nothing is written, and it is recorded',
    async ({ spoil, says }) => {
      const made = await world();
      const command = await made.asked('operator', guarded, 37.5);
      const body = await made.signedBody('operator', command.statement);
      made.log.awayFor = (draft) => {
        if (draft.kind === 'command.accepted') spoil(made);
        return false;
      };
      const answer = await made.clock.until(made.desk.sign(made.caller('operator'), command.id, body));
      expect(answer).toMatchObject({
        ok: true,
        command: { state: 'refused', outcome: { code: 'permissive-not-met' } },
      });
      expect(made.log.last('command.refused').detail?.text).toContain(says);
      expect(made.device.writes).toEqual([]);
    },
  );

  test('CMD-2: a device that only the permissive needs and that does not answer keeps the write back', async () => {
    const made = await world();
    made.device.beforeRead = (tag) => {
      if (tag.id === mode.id) throw new Error('socket closed');
    };
    expect(await made.commanded('operator', guarded, 37.5)).toMatchObject({
      ok: true,
      command: { state: 'refused', outcome: { code: 'permissive-not-met' } },
    });
    expect(made.log.last('command.refused').detail?.text).toContain('socket closed');
    expect(made.device.writes).toEqual([]);
  });

  test('CMD-2: no mixture of values, qualities and conditions is met that does not say true of usable values', () => {
    const usable: fc.Arbitrary<UsableValue | undefined> = fc.oneof(
      fc.constant(undefined),
      fc.constant({ ok: false, why: 'bad (source-bad)' } as const),
      fc.oneof(fc.integer(), fc.boolean(), fc.double(), fc.string()).map((value) => ({ ok: true, value }) as const),
    );
    const writable = { ...guarded, setpoint: { ...setpointRule, permissives: [automatic, readable] } };
    fc.assert(
      fc.property(usable, usable, fc.option(fc.double(), { nil: undefined }), (modeNow, levelNow, asked) => {
        const values = new Map([
          [mode.id, modeNow],
          [level.id, levelNow],
        ]);
        const states = permissiveStates(writable, asked, new Map(tags.map((tag) => [tag.id, tag])), (id) =>
          values.get(id),
        );
        const isOne = modeNow?.ok === true && typeof modeNow.value !== 'boolean' && String(modeNow.value) === '1';
        expect(states[0]?.met === true).toBe(isOne);
        expect(states[1]?.met).toBe(levelNow?.ok === true);
      }),
    );
  });
});

describe('a permissive that comes and goes', () => {
  test('CMD-2, SIG-1: whenever the plant changes, the PLC sees a write only where the device met the permissive at the last look', async () => {
    const moments = ['ask', 'offered', 'signed', 'accepted', 'target read'] as const;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom(...moments), fc.constantFrom<TagValue>(0, 1, 1, null)), { maxLength: 4 }),
        async (changes) => {
          const made = await world();
          const reach = (moment: (typeof moments)[number]): void => {
            for (const [when, to] of changes) if (when === moment) made.device.values.set(mode.index, to);
          };
          let atLastLook: TagValue = null;
          made.device.beforeRead = (tag) => {
            if (tag.id === guarded.id && made.device.writes.length === 0) reach('target read');
            if (tag.id === mode.id) atLastLook = made.device.values.get(mode.index) ?? null;
          };
          made.log.awayFor = (draft) => {
            if (draft.kind === 'command.signed') reach('signed');
            if (draft.kind === 'command.accepted') reach('accepted');
            return false;
          };
          reach('ask');
          const met = made.device.values.get(mode.index) === 1;
          const answer = await ask(made, guarded, 37.5);
          expect(answer.ok).toBe(met);
          if (!answer.ok) {
            expect(made.device.writes).toEqual([]);
            expect(made.log.last('command.refused').detail).toMatchObject({ code: 'permissive-not-met' });
            return;
          }
          reach('offered');
          const body = await made.signedBody('operator', answer.command.statement);
          const signed = await made.clock.until(made.desk.sign(made.caller('operator'), answer.command.id, body));
          expect(made.device.writes.length).toBe(atLastLook === 1 ? 1 : 0);
          expect(signed).toMatchObject({ ok: true, command: { state: atLastLook === 1 ? 'confirmed' : 'refused' } });
        },
      ),
      { numRuns: 60 },
    );
  });
});

const rated = makeTag(0, 'TIC.SP', { setpoint: { ...setpointRule, rate: { max: 3, withinMs: 600_000 } } });
const paced = makeTag(0, 'TIC.SP', { setpoint: { ...setpointRule, minIntervalMs: 30_000 } });

describe('the pace of a setpoint', () => {
  test('CMD-2: commands of all persons together move it no further than the rate allows; time frees it again', async () => {
    const made = await makeWorld({ tags: [rated, mode] });
    expect(await made.commanded('operator', rated, 38.5)).toMatchObject({ ok: true, command: { state: 'confirmed' } });
    expect(await made.commanded('supervisor', rated, 40)).toMatchObject({ ok: true, command: { state: 'confirmed' } });
    expect(codeOf(await ask(made, rated, 38))).not.toBe('rate-exceeded');
    made.device.values.set(0, 38.5);
    // 40 was there within the ten minutes: 36.9 is more than 3 away from it.
    expect(codeOf(await ask(made, rated, 36.9))).toBe('rate-exceeded');
    expect(made.log.last('command.refused').detail?.text).toContain('was at 40 °C');
    expect(codeOf(await ask(made, rated, 37))).not.toBe('rate-exceeded');
    await made.clock.advance(601_000);
    expect(await made.commanded('operator', rated, 36.9)).toMatchObject({ ok: true, command: { state: 'confirmed' } });
    expect(made.device.writes).toHaveLength(3);
  });

  test('CMD-2: the rate is counted from the log, so that a restart forgets nothing', async () => {
    const before = await makeWorld({ tags: [rated, mode] });
    await before.commanded('operator', rated, 39);
    const after = await makeWorld({ tags: [rated, mode], log: before.log, clock: before.clock });
    await after.desk.recover();
    after.device.values.set(0, 37.5);
    expect(codeOf(await ask(after, rated, 35.9))).toBe('rate-exceeded');
    expect(after.device.writes).toEqual([]);
  });

  test('CMD-2: too soon after a write is refused when asked, and before the write for one that was asked earlier', async () => {
    const made = await makeWorld({ tags: [paced, mode] });
    const early = await made.asked('operator', paced, 36);
    await made.commanded('supervisor', paced, 37.5);
    expect(codeOf(await ask(made, paced, 38))).toBe('command-too-soon');
    // The value is back where the first one saw it, so that only the time is in its way.
    made.device.values.set(0, 37);
    const body = await made.signedBody('operator', early.statement);
    const answer = await made.clock.until(made.desk.sign(made.caller('operator'), early.id, body));
    expect(answer).toMatchObject({ ok: true, command: { state: 'refused', outcome: { code: 'command-too-soon' } } });
    expect(made.log.last('command.refused').detail?.text).toMatch(
      /once in 30 s. The next change is possible in (2[0-9]|30) s/,
    );
    expect(made.device.writes).toHaveLength(1);
    await made.clock.advance(31_000);
    expect(await made.commanded('operator', paced, 38)).toMatchObject({ ok: true, command: { state: 'confirmed' } });
  });

  test('CMD-2: what did not reach the device does not count, what may have does', async () => {
    const made = await makeWorld({ tags: [paced, mode] });
    const answers = [
      { kind: 'not-sent', detail: 'away' },
      { kind: 'rejected', status: 'BadNotWritable', detail: 'no' },
    ] as const;
    for (const answer of answers) {
      made.device.onWrite = () => answer;
      expect(await made.commanded('operator', paced, 37.5)).toMatchObject({ ok: true });
    }
    made.device.onWrite = () => ({ kind: 'unknown', detail: 'no answer' });
    expect(await made.commanded('operator', paced, 37.5)).toMatchObject({ ok: true, command: { state: 'unknown' } });
    expect(codeOf(await ask(made, paced, 37.5))).toBe('command-too-soon');
    expect(movesOf(made.log.records)).toHaveLength(1);
  });

  test('CMD-2: a log that cannot be read keeps the write back', async () => {
    let away = false;
    const made = await makeWorld({
      tags: [paced, mode],
      ports: {
        readStages: async () => {
          if (away) throw new Error('the database is away');
          return [];
        },
      },
    });
    const command = await made.asked('operator', paced, 37.5);
    const body = await made.signedBody('operator', command.statement);
    away = true;
    const answer = await made.clock.until(made.desk.sign(made.caller('operator'), command.id, body));
    expect(answer).toMatchObject({ ok: true, command: { state: 'refused' } });
    expect(made.device.writes).toEqual([]);
  });

  test('CMD-2: whatever the order of commands, what passes stays within the rate of every value of the time', () => {
    const writable: WritableTag = { ...rated, setpoint: { ...setpointRule, rate: { max: 3, withinMs: 600_000 } } };
    const step = fc.record({ to: fc.integer({ min: 300, max: 400 }), afterMs: fc.integer({ min: 0, max: 400_000 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        let nowMs = 0;
        let held = 37;
        const moves: Move[] = [];
        for (const { to, afterMs } of steps) {
          nowMs += afterMs;
          const value = to / 10;
          if (!checkPace(writable, value, held, moves, nowMs).ok) continue;
          for (const move of moves.filter(({ atMs }) => atMs > nowMs - 600_000))
            for (const other of [move.from, move.to])
              expect(Math.abs(value - Number(other))).toBeLessThanOrEqual(3.0001);
          moves.push({ command: String(moves.length), atMs: nowMs, from: held, to: value });
          held = value;
        }
      }),
    );
  });
});
