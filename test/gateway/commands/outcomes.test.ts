import { describe, expect, test } from 'vitest';
import type { WriteResult } from '../../../gateway/commands/ports.ts';
import type { CommandView } from '../../../gateway/contract/command.ts';
import { codeOf, makeTag, makeWorld, setpointRule, slow, temperature, type World } from './desk-world.ts';

async function outcomeOf(world: World, value = 37.5): Promise<CommandView> {
  const answer = await world.commanded('operator', temperature, value);
  if (!answer.ok) throw new Error(`${answer.code} ${answer.detail}`);
  return answer.command;
}

describe('what becomes of a signed command', () => {
  test('CMD-4, CMD-5: the intent is durable before the write, the read-back comes after it and confirms', async () => {
    const world = await makeWorld();
    let recordedAtWrite: readonly string[] = [];
    let readsAtWrite = 0;
    world.device.onWrite = (tag, value) => {
      recordedAtWrite = world.log.kinds();
      readsAtWrite = world.device.reads;
      world.device.values.set(tag.index, value);
      return { kind: 'written', status: 'Good' };
    };
    const view = await outcomeOf(world);
    expect(recordedAtWrite).toEqual(['command.asked', 'command.signed', 'command.accepted']);
    expect(readsAtWrite).toBe(1);
    // At once, in the middle of the settling time of 200 ms, and at its end.
    expect(world.device.reads).toBe(4);
    expect(view).toMatchObject({
      state: 'confirmed',
      readBack: { value: 37.5, quality: 'good' },
      outcome: { code: 'read-back-agrees' },
    });
    expect(view.stages.map(({ kind }) => kind)).toEqual([
      'command.asked',
      'command.signed',
      'command.accepted',
      'command.written',
      'command.confirmed',
    ]);
    expect(world.announced.map(({ state }) => state)).toEqual(['asked', 'accepted', 'written', 'confirmed']);
    expect(world.log.last('command.accepted').detail).toMatchObject({ signatures: [{ signer: 'operator' }] });
  });

  const refusedByGate: readonly {
    readonly title: string;
    readonly code: string;
    readonly spoil: (world: World) => void;
  }[] = [
    {
      title: 'CMD-3: the device holds another value than was signed',
      code: 'value-changed',
      spoil: (world) => world.device.values.set(0, 37.1),
    },
    {
      title: 'CMD-3: the device’s value is not good any more',
      code: 'value-not-good',
      spoil: ({ device }) => {
        device.quality = 'uncertain';
      },
    },
    {
      title: 'CMD-3: the device does not answer',
      code: 'device-unavailable',
      spoil: ({ device }) => {
        device.readable = false;
      },
    },
    {
      title: 'CMD-3: the driver fails',
      code: 'device-unavailable',
      spoil: ({ device }) => {
        device.beforeRead = () => {
          throw new Error('socket closed');
        };
      },
    },
    {
      title: 'CMD-2: the signer lost his right',
      code: 'right-missing',
      spoil: ({ withoutRight }) => void withoutRight.add('operator'),
    },
  ];
  test.each(refusedByGate)(
    '$title: refused before the write, recorded, and the PLC sees nothing',
    async ({ code, spoil }) => {
      const world = await makeWorld();
      const command = await world.asked('operator', temperature, 37.5);
      const body = await world.signedBody('operator', command.statement);
      // Between the intent and the gate's last look.
      world.log.awayFor = (draft) => {
        if (draft.kind === 'command.accepted') spoil(world);
        return false;
      };
      const answer = await world.clock.until(world.desk.sign(world.caller('operator'), command.id, body));
      expect(answer).toMatchObject({ ok: true, command: { state: 'refused', outcome: { code } } });
      expect(world.log.last('command.refused')).toMatchObject({ command: command.id, detail: { code } });
      expect(world.device.writes).toEqual([]);
    },
  );

  test('CMD-3: a device that answers after the write’s last moment gets no write', async () => {
    const world = await makeWorld();
    world.device.beforeRead = async () => {
      await world.clock.advance(10_001);
    };
    const view = await outcomeOf(world);
    expect(view).toMatchObject({ state: 'refused' });
    expect(['statement-expired', 'device-unavailable']).toContain(view.outcome?.code);
    expect(world.device.writes).toEqual([]);
  });

  test.each([
    { title: 'waited too long for its turn', writeMs: 12_000, readMs: 0, reads: 0 },
    { title: 'had its turn in time, but not the device’s answer', writeMs: 9_000, readMs: 1_500, reads: 1 },
  ])('CMD-3, CMD-7: a command that $title is refused, never sent late', async ({ writeMs, readMs, reads }) => {
    const world = await makeWorld();
    world.device.onWrite = async (tag, value) => {
      await world.clock.wait(writeMs);
      world.device.values.set(tag.index, value);
      return { kind: 'written', status: 'Good' };
    };
    let readsOfSecond = 0;
    world.device.beforeRead = async (tag) => {
      if (tag.id !== temperature.id) return;
      readsOfSecond += 1;
      await world.clock.wait(readMs);
    };
    const signings = [];
    for (const tag of [slow, temperature]) {
      const command = await world.asked('operator', tag, 37.5);
      const body = await world.signedBody('operator', command.statement);
      signings.push(world.desk.sign(world.caller('operator'), command.id, body));
      await world.clock.advance(10);
    }
    await world.clock.until(Promise.all(signings));
    await world.clock.advance(20_000);
    expect(world.device.writes.map(({ tag }) => tag)).toEqual([slow.id]);
    expect(readsOfSecond).toBe(reads);
    expect(world.log.last('command.refused')).toMatchObject({
      subject: 'TIC.SP',
      detail: { code: 'statement-expired' },
    });
  });

  type Closed = {
    readonly title: string;
    readonly state: string;
    readonly code: string;
    readonly result: WriteResult;
    readonly holds?: number;
    readonly deaf?: boolean;
  };
  const closings: readonly Closed[] = [
    {
      title: 'the PLC says no',
      state: 'rejected',
      code: 'BadOutOfRange',
      result: { kind: 'rejected', status: 'BadOutOfRange', detail: 'out of range' },
    },
    {
      title: 'the PLC says no and cannot be read afterwards',
      state: 'rejected',
      code: 'BadOutOfRange',
      result: { kind: 'rejected', status: 'BadOutOfRange', detail: 'out of range' },
      deaf: true,
    },
    {
      title: 'the PLC says no and holds the new value all the same',
      state: 'unknown',
      code: 'refused-but-held',
      result: { kind: 'rejected', status: 'BadNotWritable', detail: 'not writable' },
      holds: 37.5,
    },
    {
      title: 'nothing was sent',
      state: 'failed',
      code: 'not-sent',
      result: { kind: 'not-sent', detail: 'not connected' },
    },
    {
      title: 'the PLC says yes and holds the old value all the time',
      state: 'unknown',
      code: 'not-shown',
      result: { kind: 'written', status: 'Good' },
    },
    {
      title: 'the PLC says yes and holds a third value',
      state: 'failed',
      code: 'read-back-differs',
      result: { kind: 'written', status: 'Good' },
      holds: 36,
    },
    {
      title: 'the PLC says yes and cannot be read',
      state: 'unknown',
      code: 'not-readable',
      result: { kind: 'written', status: 'Good' },
      holds: 37.5,
      deaf: true,
    },
    {
      title: 'no answer, and the old value is there',
      state: 'unknown',
      code: 'no-answer',
      result: { kind: 'unknown', detail: 'time-out' },
    },
    {
      title: 'no answer, and it cannot be read',
      state: 'unknown',
      code: 'no-answer',
      result: { kind: 'unknown', detail: 'time-out' },
      deaf: true,
    },
    {
      title: 'no answer, and the new value is there',
      state: 'confirmed',
      code: 'read-back-agrees',
      result: { kind: 'unknown', detail: 'time-out' },
      holds: 37.5,
    },
  ];
  test.each(closings)('CMD-5: $title: $state', async ({ state, code, result, holds, deaf }) => {
    const world = await makeWorld();
    world.device.onWrite = () => {
      if (holds !== undefined) world.device.values.set(0, holds);
      world.device.readable = deaf !== true;
      return result;
    };
    const view = await outcomeOf(world);
    expect(view).toMatchObject({ state, outcome: { code } });
    expect(world.log.last(`command.${state}`)).toMatchObject({ actor: null, detail: { code } });
    // Nothing is ever tried again.
    await world.clock.advance(120_000);
    expect(world.device.writes).toHaveLength(1);
    expect(world.log.kinds().filter((kind) => kind === 'command.accepted')).toHaveLength(1);
  });

  test('CMD-5: a driver that throws, or never answers, leaves the outcome unknown', async () => {
    const throwing = await makeWorld();
    throwing.device.onWrite = () => Promise.reject(new Error('connection reset'));
    expect(await outcomeOf(throwing)).toMatchObject({ state: 'unknown', outcome: { code: 'no-answer' } });

    const silent = await makeWorld();
    silent.device.onWrite = () => new Promise<never>(() => undefined);
    const command = await outcomeOf(silent);
    expect(command.state).toBe('accepted');
    await silent.clock.advance(60_000);
    const later = await silent.desk.get(silent.caller('operator'), command.id);
    expect(later).toMatchObject({ command: { state: 'unknown', outcome: { code: 'no-answer' } } });
  });

  test('CMD-5: a write that no driver took before it gave up was never sent', async () => {
    const world = await makeWorld({ ports: { writeToPlc: () => Promise.reject(new Error('no driver for it')) } });
    expect(await outcomeOf(world)).toMatchObject({ state: 'failed', outcome: { code: 'not-sent' } });
    expect(world.device.writes).toEqual([]);
  });

  test('CMD-5: the read-back is repeated until the device has settled', async () => {
    const world = await makeWorld();
    world.device.onWrite = (tag, value) => {
      void world.clock.wait(700).then(() => world.device.values.set(tag.index, value));
      return { kind: 'written', status: 'Good' };
    };
    expect(await outcomeOf(world)).toMatchObject({ state: 'confirmed' });
    expect(world.device.reads).toBeGreaterThan(2);
  });

  test('CMD-5: a value that the PLC takes back within the settling time is not confirmed', async () => {
    const world = await makeWorld();
    world.device.onWrite = (tag, value) => {
      world.device.values.set(tag.index, value);
      void world.clock.wait(100).then(() => world.device.values.set(tag.index, 37));
      return { kind: 'written', status: 'Good' };
    };
    expect(await outcomeOf(world)).toMatchObject({ state: 'failed', readBack: { value: 37 } });
  });

  test('CMD-5: an outcome that the log does not take stops all further commands until it does', async () => {
    const world = await makeWorld();
    world.log.awayFor = ({ kind }) => kind === 'command.confirmed' || kind === 'command.written';
    const command = await world.asked('operator', temperature, 37.5);
    const signing = world.desk.sign(
      world.caller('operator'),
      command.id,
      await world.signedBody('operator', command.statement),
    );
    expect(await world.clock.until(signing)).toMatchObject({ ok: true, command: { state: 'written' } });
    const observed = { value: 37.5, sourceTime: world.clock.iso() };
    const ask = () => world.desk.ask(world.caller('operator'), { tagId: temperature.id, value: 38, observed });
    expect(codeOf(await ask())).toBe('log-unavailable');
    expect(codeOf(await world.desk.offer(world.caller('operator'), command.id, {}))).toBe('log-unavailable');
    world.log.awayFor = () => false;
    await world.clock.advance(1_500);
    expect(await world.desk.get(world.caller('operator'), command.id)).toMatchObject({
      command: { state: 'confirmed' },
    });
    expect((await ask()).ok).toBe(true);
    expect(world.device.writes).toHaveLength(1);
    expect(world.log.kinds().filter((kind) => kind === 'command.confirmed')).toHaveLength(1);
  });

  test('CMD-7: one command at a time at a device address, others side by side', async () => {
    const elsewhere = makeTag(1, 'ELSEWHERE.SP', { setpoint: { ...setpointRule, freshnessMs: 60_000 } });
    const world = await makeWorld({ tags: [temperature, elsewhere, slow] });
    world.device.values.set(1, 37);
    const running = new Set<string>();
    const together: string[][] = [];
    world.device.onWrite = async (tag, value) => {
      running.add(tag.id);
      together.push([...running]);
      await world.clock.wait(1_000);
      running.delete(tag.id);
      world.device.values.set(tag.index, value);
      return { kind: 'written', status: 'Good' };
    };
    // `slow` is another tag at the same device address as `temperature`.
    const signings = [];
    for (const tag of [temperature, slow, elsewhere]) {
      const command = await world.asked('operator', tag, 37.5);
      signings.push(
        world.desk.sign(world.caller('operator'), command.id, await world.signedBody('operator', command.statement)),
      );
    }
    await world.clock.until(Promise.all(signings));
    await world.clock.advance(10_000);
    expect(world.device.writes.map(({ tag }) => tag).sort()).toEqual(['ELSEWHERE.SP', 'SLOW.SP', 'TIC.SP']);
    expect(together.some((tags) => tags.includes('TIC.SP') && tags.includes('ELSEWHERE.SP'))).toBe(true);
    expect(together.some((tags) => tags.includes('TIC.SP') && tags.includes('SLOW.SP'))).toBe(false);
  });

  test('CMD-7: beyond the places at one address a signature is refused, recorded, and may be given again', async () => {
    const world = await makeWorld();
    world.device.onWrite = () => new Promise<never>(() => undefined);
    const answers = [];
    for (let turn = 0; turn < 5; turn++) {
      const command = await world.asked('operator', temperature, 37.5);
      const body = await world.signedBody('operator', command.statement);
      const signing = world.desk.sign(world.caller('operator'), command.id, body);
      answers.push(await Promise.race([signing, world.clock.advance(50).then(() => null)]));
    }
    expect(answers.slice(0, 4)).toEqual([null, null, null, null]);
    expect(answers[4]).toMatchObject({ ok: false, code: 'command-in-progress' });
    expect(world.log.last('command.signature-refused').detail).toMatchObject({ code: 'command-in-progress' });
    expect(world.log.kinds().filter((kind) => kind === 'command.accepted')).toHaveLength(4);
    // The queued ones outlive their last moment while the first is stuck: refused, never sent late.
    await world.clock.advance(60_000);
    expect(world.device.writes).toHaveLength(1);
  });

  test('CMD-1: a stopping gateway finishes what it has in hand and takes nothing more', async () => {
    const world = await makeWorld();
    const command = await world.asked('operator', temperature, 37.5);
    const waiting = await world.asked('operator', temperature, 38);
    const signing = world.desk.sign(
      world.caller('operator'),
      command.id,
      await world.signedBody('operator', command.statement),
    );
    await world.clock.advance(50);
    const drained = world.desk.drain();
    expect(
      codeOf(
        await world.desk.sign(
          world.caller('operator'),
          waiting.id,
          await world.signedBody('operator', waiting.statement),
        ),
      ),
    ).toBe('starting');
    await world.clock.until(drained);
    expect(await world.clock.until(signing)).toMatchObject({ command: { state: 'confirmed' } });
    expect(world.device.writes).toHaveLength(1);
  });
});
