import { describe, expect, test } from 'vitest';
import { signatureDigest } from '../../../gateway/signing/stored-signature.ts';
import { codeOf, makeWorld, pump, type World } from './desk-world.ts';

async function firstSigned(world: World) {
  const command = await world.asked('operator', pump, true);
  const body = await world.signedBody('operator', command.statement);
  const answer = await world.clock.until(world.desk.sign(world.caller('operator'), command.id, body));
  if (!answer.ok) throw new Error(answer.detail);
  return { command, jws: body.statement, view: answer.command };
}
async function offered(
  world: World,
  caller: ReturnType<World['caller']>,
  id: Parameters<World['desk']['offer']>[1],
  purpose: 'sign' | 'decline' = 'sign',
) {
  const answer = await world.desk.offer(caller, id, { purpose });
  if (!answer.ok) throw new Error(answer.detail);
  return answer.offer;
}

describe('countersigning', () => {
  test('SIG-5: one signature is not enough where the policy asks for two; nothing is written', async () => {
    const world = await makeWorld();
    const { view } = await firstSigned(world);
    expect(view).toMatchObject({ state: 'awaiting-countersignature', missingSignatures: 1 });
    await world.clock.advance(60_000);
    expect(world.device.writes).toEqual([]);
    expect(world.log.kinds()).toEqual(['command.asked', 'command.signed']);
  });

  test('SIG-5: a different person countersigns at another terminal; the statement names the first signature', async () => {
    const world = await makeWorld();
    const { command, jws } = await firstSigned(world);
    const there = world.caller('supervisor', world.other);
    const offer = await offered(world, there, command.id);
    expect(offer.statement).toMatchObject({
      purpose: 'countersign',
      countersigns: signatureDigest(jws),
      terminal: world.other.id,
    });
    expect(offer.requires).toMatchObject({ meanings: ['verification'], countersignatures: 0 });
    const body = await world.signedBody('supervisor', offer.statement, { terminal: world.other });
    const answer = await world.clock.until(world.desk.sign(there, command.id, body));
    expect(answer).toMatchObject({ ok: true, command: { state: 'confirmed', missingSignatures: 0 } });
    expect(world.device.writes).toMatchObject([{ tag: 'PUMP.CMD', value: true }]);
    expect(world.log.kinds()).toEqual([
      'command.asked',
      'command.signed',
      'command.countersigned',
      'command.accepted',
      'command.written',
      'command.confirmed',
    ]);
  });

  test('SIG-4, SIG-5: the second person signs in the first one’s session', async () => {
    const world = await makeWorld();
    const { command } = await firstSigned(world);
    const here = world.caller('operator');
    const offer = await offered(world, here, command.id);
    const body = await world.signedBody('supervisor', offer.statement);
    expect(await world.clock.until(world.desk.sign(here, command.id, body))).toMatchObject({
      command: { state: 'confirmed' },
    });
  });

  test.each(['operator', 'OPERATOR'])('SIG-5: %s, who signed first, cannot countersign', async (name) => {
    const world = await makeWorld();
    const { command } = await firstSigned(world);
    const here = world.caller('operator');
    const body = await world.signedBody(name, (await offered(world, here, command.id)).statement);
    const answer = await world.desk.sign(here, command.id, body);
    expect(codeOf(answer)).toBe('same-signer');
    expect(world.log.last('command.signature-refused').detail).toMatchObject({ code: 'same-signer' });
    expect(world.device.writes).toEqual([]);
  });

  test('SIG-5: the first signature again, or a statement offered before it, does not count as the second', async () => {
    const world = await makeWorld();
    const command = await world.asked('operator', pump, true);
    const there = world.caller('supervisor', world.other);
    const early = await offered(world, there, command.id);
    const body = await world.signedBody('operator', command.statement);
    await world.clock.until(world.desk.sign(world.caller('operator'), command.id, body));
    expect(codeOf(await world.desk.sign(world.caller('operator'), command.id, body))).toBe('statement-reused');
    const late = await world.signedBody('supervisor', early.statement, { terminal: world.other });
    expect(codeOf(await world.desk.sign(there, command.id, late))).toBe('statement-altered');
    expect(world.device.writes).toEqual([]);
  });

  test('SIG-5: two countersigners at the same time lead to one write', async () => {
    const world = await makeWorld();
    const { command } = await firstSigned(world);
    const there = world.caller('supervisor', world.other);
    const here = world.caller('operator');
    const [left, right] = [await offered(world, there, command.id), await offered(world, here, command.id)];
    const bodies = [
      await world.signedBody('supervisor', left.statement, { terminal: world.other }),
      await world.signedBody('qa', right.statement),
    ] as const;
    const answers = await world.clock.until(
      Promise.all([world.desk.sign(there, command.id, bodies[0]), world.desk.sign(here, command.id, bodies[1])]),
    );
    expect(answers.filter((answer) => answer.ok)).toHaveLength(1);
    expect(world.device.writes).toHaveLength(1);
  });

  test('SIG-5: without a countersignature within the time limit the command expires', async () => {
    const world = await makeWorld();
    const { command } = await firstSigned(world);
    const there = world.caller('supervisor', world.other);
    const body = await world.signedBody('supervisor', (await offered(world, there, command.id)).statement, {
      terminal: world.other,
    });
    await world.clock.advance(300_001);
    expect(codeOf(await world.desk.sign(there, command.id, body))).toBe('wrong-stage');
    expect(world.log.kinds()).toContain('command.expired');
    expect(world.device.writes).toEqual([]);
  });

  test('SIG-5: the second person declines, signed and with a comment; nothing is written', async () => {
    const world = await makeWorld();
    const { command } = await firstSigned(world);
    const there = world.caller('supervisor', world.other);
    const offer = await offered(world, there, command.id, 'decline');
    const wordless = await world.signedBody('supervisor', offer.statement, {
      terminal: world.other,
      change: { comment: null },
    });
    expect(codeOf(await world.desk.sign(there, command.id, wordless))).toBe('comment-missing');
    const body = await world.signedBody('supervisor', offer.statement, { terminal: world.other });
    expect(await world.desk.sign(there, command.id, body)).toMatchObject({ ok: true, command: { state: 'declined' } });
    expect(world.log.last('command.declined')).toMatchObject({
      actor: { id: 'supervisor' },
      signature: { jws: body.statement },
    });
    expect(world.device.writes).toEqual([]);
  });

  test('CMD-2: a first signer who lost his right meanwhile no longer carries the command', async () => {
    const world = await makeWorld();
    const { command } = await firstSigned(world);
    const there = world.caller('supervisor', world.other);
    const body = await world.signedBody('supervisor', (await offered(world, there, command.id)).statement, {
      terminal: world.other,
    });
    world.withoutRight.add('operator');
    const answer = await world.clock.until(world.desk.sign(there, command.id, body));
    expect(answer).toMatchObject({ ok: true, command: { state: 'refused', outcome: { code: 'right-missing' } } });
    expect(world.device.writes).toEqual([]);
  });

  test('CMD-1: only who asked withdraws, and only before the last signature', async () => {
    const world = await makeWorld();
    const { command } = await firstSigned(world);
    expect(codeOf(await world.desk.withdraw(world.caller('supervisor'), command.id))).toBe('right-missing');
    expect(await world.desk.withdraw(world.caller('operator'), command.id)).toMatchObject({
      command: { state: 'withdrawn' },
    });
    expect(codeOf(await world.desk.withdraw(world.caller('operator'), command.id))).toBe('wrong-stage');
    expect(world.device.writes).toEqual([]);
  });

  test('SIG-5, SIG-4: who signed first withdraws as well, though another person asked', async () => {
    const world = await makeWorld();
    const command = await world.asked('operator', pump, true);
    const body = await world.signedBody('supervisor', command.statement);
    expect(await world.clock.until(world.desk.sign(world.caller('operator'), command.id, body))).toMatchObject({
      command: { state: 'awaiting-countersignature', signatures: [{ signer: 'supervisor' }] },
    });
    expect(await world.desk.withdraw(world.caller('supervisor'), command.id)).toMatchObject({
      command: { state: 'withdrawn' },
    });
    expect(world.log.last('command.withdrawn').actor).toMatchObject({ id: 'supervisor' });
    expect(world.device.writes).toEqual([]);
  });

  test('SIG-5: statements that another terminal asks for do not void the one that is being signed here', async () => {
    const world = await makeWorld();
    const command = await world.asked('operator', pump, true);
    const there = world.caller('supervisor', world.other);
    const many: Awaited<ReturnType<typeof offered>>[] = [];
    for (let i = 0; i < 20; i++) many.push(await offered(world, there, command.id));
    // That terminal's own oldest gave way.
    const first = await world.signedBody('supervisor', many[0]?.statement ?? command.statement, {
      terminal: world.other,
    });
    expect(codeOf(await world.desk.sign(there, command.id, first))).toBe('statement-altered');
    const body = await world.signedBody('operator', command.statement);
    expect(await world.clock.until(world.desk.sign(world.caller('operator'), command.id, body))).toMatchObject({
      command: { state: 'awaiting-countersignature' },
    });
  });
});
