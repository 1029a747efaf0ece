// Break-glass (CMD-13): off by default, one complete signature, countersignatures afterwards, loud when overdue.
import { describe, expect, test } from 'vitest';
import type { ParsedRecord } from '../../../gateway/audit/parsed-record.ts';
import { commandChecker } from '../../../gateway/audit/verify-commands.ts';
import { openDesk } from '../../../gateway/commands/desk.ts';
import { codeOf, makeTag, makeWorld, pump, setpointRule, type World } from './desk-world.ts';

const policy = {
  ...setpointRule.policy,
  name: 'machine',
  signatures: 3,
  breakGlass: { allowed: true, dueMinutes: 60 },
};
const glass = makeTag(0, 'GLASS.SP', { setpoint: { ...setpointRule, policy } });
const sibling = makeTag(3, 'SIBLING.SP', { setpoint: { ...setpointRule, policy } });
const hourMs = 3_600_000;

const glassWorld = (ports?: Parameters<typeof makeWorld>[0]) => makeWorld({ tags: [glass, pump, sibling], ...ports });

async function ask(world: World, value: number, tag = glass) {
  const observed = { value: world.device.values.get(tag.index) ?? null, sourceTime: world.clock.iso() };
  return world.desk.ask(world.caller('operator'), { tagId: tag.id, value, observed, breakGlass: true });
}
async function broken(world: World, value = 38) {
  const asked = await ask(world, value);
  if (!asked.ok) throw new Error(asked.detail);
  const { command } = asked;
  const body = await world.signedBody('operator', command.statement, { change: { comment: 'nobody else on site' } });
  const answer = await world.clock.until(world.desk.sign(world.caller('operator'), command.id, body));
  if (!answer.ok) throw new Error(answer.detail);
  return answer.command;
}
async function countersign(
  world: World,
  id: Awaited<ReturnType<typeof broken>>['id'],
  person: string,
  desk = world.desk,
) {
  const there = world.caller('supervisor', world.other);
  const offer = await desk.offer(there, id, {});
  if (!offer.ok) return offer;
  const body = await world.signedBody(person, offer.offer.statement, { terminal: world.other });
  return world.clock.until(desk.sign(there, id, body));
}
function verified(world: World): string | null {
  const check = commandChecker();
  return (
    world.log.records.map((record) => check(record as unknown as ParsedRecord)).find((why) => why !== null) ?? null
  );
}

describe('break-glass', () => {
  test('CMD-13: off by default: refused with its record, and the PLC sees nothing', async () => {
    const world = await glassWorld();
    const observed = { value: false, sourceTime: world.clock.iso() };
    const asked = await world.desk.ask(world.caller('operator'), {
      tagId: pump.id,
      value: true,
      observed,
      breakGlass: true,
    });
    expect(codeOf(asked)).toBe('break-glass-not-allowed');
    expect(world.log.last('command.refused').detail).toMatchObject({ code: 'break-glass-not-allowed' });
    expect(world.device.writes).toEqual([]);
  });

  test('CMD-13: the one signature must be complete and say why, whatever the session has signed before', async () => {
    const world = await glassWorld({ ports: { componentsNeeded: () => ['password'] } });
    const asked = await ask(world, 38);
    if (!asked.ok) throw new Error(asked.detail);
    expect(asked.command).toMatchObject({
      statement: { breakGlass: true },
      requires: { components: ['username', 'password'], comment: 'required', countersignatures: 2 },
    });
    const here = world.caller('operator');
    const silent = await world.signedBody('operator', asked.command.statement);
    expect(codeOf(await world.desk.sign(here, asked.command.id, silent))).toBe('comment-missing');
    const full = await world.signedBody('operator', asked.command.statement, { change: { comment: 'alone' } });
    const { username: _, ...half } = full;
    expect(codeOf(await world.desk.sign(here, asked.command.id, half))).toBe('signature-refused');
    expect(world.device.writes).toEqual([]);
    expect(await world.clock.until(world.desk.sign(here, asked.command.id, full))).toMatchObject({
      command: { state: 'confirmed' },
    });
  });

  test('CMD-13: it is written on one signature; the others are due, given later, and settle it', async () => {
    const world = await glassWorld();
    const command = await broken(world);
    const dueAt = new Date(Date.parse(command.stages[2]?.time ?? '') + hourMs).toISOString();
    expect(command).toMatchObject({ state: 'confirmed', breakGlass: { missing: 2, dueAt, overdue: false } });
    expect(world.device.writes).toMatchObject([{ tag: 'GLASS.SP', value: 38 }]);
    expect(world.log.last('break-glass.used').seq).toBe(world.log.last('command.accepted').seq + 1);
    const due = await world.desk.list(world.caller('supervisor'), null, 50, { breakGlass: 'due' });
    expect(due.commands).toMatchObject([{ id: command.id, awaitingYou: true }]);
    expect(codeOf(await countersign(world, command.id, 'operator'))).toBe('same-signer');
    expect(await countersign(world, command.id, 'supervisor')).toMatchObject({
      ok: true,
      command: { state: 'confirmed', breakGlass: { missing: 1 } },
    });
    expect(codeOf(await countersign(world, command.id, 'supervisor'))).toBe('same-signer');
    expect(await countersign(world, command.id, 'qa')).toMatchObject({ command: { breakGlass: { missing: 0 } } });
    expect(world.log.last('break-glass.settled').detail).toMatchObject({ code: 'countersigned' });
    expect(codeOf(await countersign(world, command.id, 'engineer'))).toBe('wrong-stage');
    await world.clock.advance(2 * hourMs);
    expect(world.log.kinds()).not.toContain('break-glass.overdue');
    expect(world.device.writes).toHaveLength(1);
    expect(verified(world)).toBeNull();
  });

  test('CMD-13: what was carried out is not declined afterwards: left out, it becomes overdue', async () => {
    const world = await glassWorld();
    const { id } = await broken(world);
    const there = world.caller('supervisor', world.other);
    const answer = await world.desk.offer(there, id, { purpose: 'decline' });
    expect(answer).toMatchObject({ ok: false, code: 'wrong-stage', detail: expect.stringContaining('overdue') });
    // Nor by a statement of that purpose that nobody offered.
    const offer = await world.desk.offer(there, id, {});
    if (!offer.ok) throw new Error(offer.detail);
    const bent = { terminal: world.other, change: { purpose: 'decline', comment: 'no' } };
    const body = await world.signedBody('supervisor', offer.offer.statement, bent);
    expect(codeOf(await world.desk.sign(there, id, body))).toBe('statement-altered');
    expect(await world.desk.get(there, id)).toMatchObject({ command: { breakGlass: { missing: 2 } } });
    await world.clock.advance(hourMs + 1);
    expect(world.log.kinds()).toContain('break-glass.overdue');
  });

  test('CMD-13: overdue is recorded once and announced; nobody breaks the glass of that policy again until it is given', async () => {
    const world = await glassWorld();
    const command = await broken(world);
    await world.clock.advance(hourMs + 1);
    expect(world.log.kinds().filter((kind) => kind === 'break-glass.overdue')).toHaveLength(1);
    expect(world.announced.at(-1)).toMatchObject({ id: command.id, breakGlass: { overdue: true, missing: 2 } });
    const overdue = () => world.desk.list(world.caller('supervisor'), null, 50, { breakGlass: 'overdue' });
    expect((await overdue()).commands).toHaveLength(1);
    expect(codeOf(await ask(world, 38, sibling))).toBe('break-glass-overdue');
    expect(world.log.last('command.refused').detail).toMatchObject({ code: 'break-glass-overdue' });
    for (const person of ['supervisor', 'qa']) await countersign(world, command.id, person);
    expect((await overdue()).commands).toEqual([]);
    expect((await ask(world, 38, sibling)).ok).toBe(true);
  });

  test('CMD-13: asked in time, signed when another one is overdue: refused, and the PLC sees nothing', async () => {
    const world = await glassWorld();
    await broken(world);
    await world.clock.advance(hourMs - 60_000);
    const asked = await ask(world, 38, sibling);
    if (!asked.ok) throw new Error(asked.detail);
    await world.clock.advance(61_000);
    const body = await world.signedBody('supervisor', asked.command.statement, { change: { comment: 'alone' } });
    const answer = await world.desk.sign(world.caller('operator'), asked.command.id, body);
    expect(codeOf(answer)).toBe('break-glass-overdue');
    expect(world.device.writes).toHaveLength(1);
  });

  test('CMD-13: a restart forgets nothing that is due, and finds what became overdue meanwhile', async () => {
    const world = await glassWorld();
    const command = await broken(world);
    await countersign(world, command.id, 'supervisor');
    const next = await makeWorld({ tags: [glass, pump, sibling], log: world.log, clock: world.clock });
    await next.desk.recover();
    const due = await next.desk.list(next.caller('operator'), null, 50, { breakGlass: 'due' });
    expect(due.commands).toMatchObject([{ id: command.id, breakGlass: { missing: 1, overdue: false } }]);
    await next.clock.advance(hourMs + 1);
    expect(next.log.kinds()).toContain('break-glass.overdue');
    const again = openDesk({ ...next.ports });
    await again.recover();
    const observed = { value: 37, sourceTime: next.clock.iso() };
    const refused = await again.ask(next.caller('operator'), {
      tagId: sibling.id,
      value: 38,
      observed,
      breakGlass: true,
    });
    expect(codeOf(refused)).toBe('break-glass-overdue');
    expect(await countersign(next, command.id, 'qa', again)).toMatchObject({ command: { breakGlass: { missing: 0 } } });
  });

  test('CMD-13: what the gate refused owes nothing', async () => {
    const world = await glassWorld();
    const asked = await ask(world, 38);
    if (!asked.ok) throw new Error(asked.detail);
    world.device.beforeRead = () => {
      world.device.values.set(0, 36);
    };
    const body = await world.signedBody('operator', asked.command.statement, { change: { comment: 'alone' } });
    const answer = await world.clock.until(world.desk.sign(world.caller('operator'), asked.command.id, body));
    expect(answer).toMatchObject({ command: { state: 'refused', breakGlass: { missing: 0 } } });
    await world.clock.advance(2 * hourMs);
    expect(world.log.last('break-glass.settled').detail).toMatchObject({ code: 'nothing-written' });
    expect(world.log.kinds()).not.toContain('break-glass.overdue');
    expect(world.device.writes).toEqual([]);
  });

  test('CMD-13, SIG-6: a statement of an ordinary command does not become break-glass, nor the other way round', async () => {
    const world = await glassWorld();
    const plain = await world.asked('operator', glass, 38);
    const here = world.caller('operator');
    const raised = await world.signedBody('operator', plain.statement, { change: { breakGlass: true, comment: 'x' } });
    expect(codeOf(await world.desk.sign(here, plain.id, raised))).toBe('statement-altered');
    const asked = await ask(world, 38);
    if (!asked.ok) throw new Error(asked.detail);
    const lowered = await world.signedBody('operator', asked.command.statement, {
      change: { breakGlass: undefined, comment: 'x' },
    });
    expect(codeOf(await world.desk.sign(here, asked.command.id, lowered))).toMatch(/statement/);
    expect(world.device.writes).toEqual([]);
  });
});
