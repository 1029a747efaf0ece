// Proposals by machines (CMD-10): they wait, a person signs or declines, and nothing else comes of them.
import { describe, expect, test } from 'vitest';
import type { Machine } from '../../../gateway/commands/ports.ts';
import { perTokenAndMinute, waitingPerToken } from '../../../gateway/commands/proposals.ts';
import type { TagValue } from '../../../gateway/contract/values.ts';
import { codeOf, makeTag, makeWorld, measured, pump, setpointRule, temperature, type World } from './desk-world.ts';

function machine(name = 'mes', areas: readonly string[] = ['upstream']): Machine {
  return {
    actor: { id: `token:${name}`, name, printedName: `The ${name}` },
    address: '10.0.0.7',
    mayActIn: (area) => areas.includes(area),
  };
}
const origin = 'MES, batch B-1042';
async function proposed(world: World, value: TagValue, tag = temperature, by = machine()) {
  const answer = await world.desk.propose(by, { tagId: tag.id, value, origin, reference: 'WO-1' });
  if (!answer.ok) throw new Error(answer.detail);
  return answer.proposal;
}
type Id = Awaited<ReturnType<typeof proposed>>['id'];
async function offered(world: World, id: Id, purpose: 'sign' | 'decline' = 'sign') {
  const answer = await world.desk.offer(world.caller('operator'), id, { purpose });
  if (!answer.ok) throw new Error(`${answer.code}: ${answer.detail}`);
  return answer.offer;
}
async function signed(
  world: World,
  id: Id,
  statement: Awaited<ReturnType<typeof offered>>['statement'],
  person = 'operator',
) {
  const body = await world.signedBody(person, statement);
  return world.clock.until(world.desk.sign(world.caller('operator'), id, body));
}

describe('a proposal', () => {
  test('CMD-10: waits in the list, named with its origin; nothing is signed or written by it', async () => {
    const world = await makeWorld();
    const { id } = await proposed(world, 37.5);
    const { commands } = await world.desk.list(world.caller('operator'), null, 50);
    expect(commands).toMatchObject([
      {
        id,
        state: 'proposed',
        value: 37.5,
        awaitingYou: true,
        askedBy: { id: 'token:mes' },
        proposal: { origin, reference: 'WO-1', token: { id: 'token:mes', name: 'The mes' } },
        signatures: [],
      },
    ]);
    await world.clock.advance(60_000);
    expect(world.log.kinds()).toEqual(['command.proposed']);
    expect(world.device.writes).toEqual([]);
  });

  test('CMD-10: a person turns it into his command by signing what is there now', async () => {
    const world = await makeWorld();
    const { id } = await proposed(world, 37.5);
    world.device.values.set(0, 37.2);
    const offer = await offered(world, id);
    expect(offer.statement).toMatchObject({ purpose: 'command', observed: { value: 37.2 }, value: 37.5 });
    expect(await signed(world, id, offer.statement)).toMatchObject({
      ok: true,
      command: { id, state: 'confirmed', askedBy: { id: 'operator' }, proposal: { origin }, observed: { value: 37.2 } },
    });
    expect(world.log.kinds()).toEqual([
      'command.proposed',
      'command.asked',
      'command.signed',
      'command.accepted',
      'command.written',
      'command.confirmed',
    ]);
    expect(world.device.writes).toMatchObject([{ tag: 'TIC.SP', value: 37.5 }]);
  });

  test('CMD-10, SIG-5: where the policy asks for two, the person who took it up is the first of them', async () => {
    const world = await makeWorld();
    const { id } = await proposed(world, true, pump);
    expect(await signed(world, id, (await offered(world, id)).statement)).toMatchObject({
      command: { state: 'awaiting-countersignature', missingSignatures: 1 },
    });
    expect(codeOf(await signed(world, id, (await offered(world, id)).statement))).toBe('same-signer');
    expect(world.device.writes).toEqual([]);
    expect(await signed(world, id, (await offered(world, id)).statement, 'supervisor')).toMatchObject({
      command: { state: 'confirmed' },
    });
  });

  test('CMD-10, CMD-2: everything is checked as when it is asked for, at the statement and at the signature', async () => {
    const world = await makeWorld();
    const far = await proposed(world, 39.5);
    const refused = await world.desk.offer(world.caller('operator'), far.id, {});
    expect(codeOf(refused)).toBe('step-too-large');
    const near = await proposed(world, 37.5, temperature, machine('historian'));
    const offer = await offered(world, near.id);
    world.device.values.set(0, 36.5);
    expect(codeOf(await signed(world, near.id, offer.statement))).toBe('value-changed');
    expect(world.log.last('command.signature-refused').detail).toMatchObject({ code: 'value-changed' });
    world.withoutRight.add('operator');
    expect(codeOf(await world.desk.offer(world.caller('operator'), near.id, {}))).toBe('right-missing');
    expect(world.device.writes).toEqual([]);
  });

  test('CMD-10: two persons at once: one takes it up, the other’s statement no longer holds', async () => {
    const world = await makeWorld();
    const { id } = await proposed(world, true, pump);
    const [one, two] = [await offered(world, id), await offered(world, id)];
    expect((await signed(world, id, one.statement)).ok).toBe(true);
    expect(codeOf(await signed(world, id, two.statement, 'supervisor'))).toBe('statement-altered');
    expect(world.device.writes).toEqual([]);
  });

  // Found by the fault run: `audit verify` called such a log wrong.
  test('CMD-10, SIG-6: signed after the setpoint has moved, its records say what was there when it was signed', async () => {
    const world = await makeWorld();
    const { id } = await proposed(world, 37.5);
    world.device.values.set(0, 36.4);
    const offer = await offered(world, id);
    expect(offer.statement).toMatchObject({ observed: { value: 36.4 } });
    expect(await signed(world, id, offer.statement)).toMatchObject({ command: { state: 'confirmed' } });
    for (const kind of ['command.asked', 'command.signed', 'command.accepted', 'command.confirmed'])
      expect(world.log.last(kind).old, kind).toBe(36.4);
  });

  test('CMD-10: a person declines it with a reason, signed', async () => {
    const world = await makeWorld();
    const { id } = await proposed(world, 37.5);
    const offer = await offered(world, id, 'decline');
    expect(await signed(world, id, offer.statement)).toMatchObject({ command: { state: 'declined' } });
    expect(world.log.last('command.declined')).toMatchObject({
      actor: { id: 'operator' },
      reason: { comment: 'looked at the pump' },
    });
    expect(codeOf(await world.desk.offer(world.caller('operator'), id, {}))).toBe('wrong-stage');
  });

  test('CMD-10: is declined also under a policy of one signature, which names no meanings of countersigners', async () => {
    const policy = { ...setpointRule.policy, countersignMeanings: [] };
    const single = makeTag(0, 'TIC.SP', { setpoint: { ...setpointRule, policy } });
    const world = await makeWorld({ tags: [single] });
    const { id } = await proposed(world, 37.5, single);
    const offer = await offered(world, id, 'decline');
    const [meaning] = offer.requires.meanings;
    const body = await world.signedBody('operator', offer.statement, { change: { meaning } });
    expect(await world.clock.until(world.desk.sign(world.caller('operator'), id, body))).toMatchObject({
      command: { state: 'declined' },
    });
    expect(world.device.writes).toEqual([]);
  });

  test('CMD-10: expires by its policy; a restart in between forgets none', async () => {
    const quick = makeTag(0, 'QUICK.SP', {
      setpoint: { ...setpointRule, policy: { ...setpointRule.policy, proposalMinutes: 5 } },
    });
    const world = await makeWorld({ tags: [quick] });
    const { id } = await proposed(world, 37.5, quick);
    const next = await makeWorld({ tags: [quick], log: world.log, clock: world.clock });
    await next.desk.recover();
    expect(await next.desk.get(next.caller('operator'), id)).toMatchObject({ command: { state: 'proposed' } });
    await next.clock.advance(299_000);
    expect(next.log.kinds()).toEqual(['command.proposed']);
    await next.clock.advance(2_000);
    expect(next.log.kinds()).toContain('command.expired');
    expect(await next.desk.get(next.caller('operator'), id)).toMatchObject({ command: { state: 'expired' } });
  });

  test('CMD-10: the same again is the same proposal, another value takes its place, another token’s stands beside it', async () => {
    const world = await makeWorld();
    const first = await proposed(world, 37.5);
    expect(await proposed(world, 37.5)).toEqual(first);
    expect(world.log.kinds()).toEqual(['command.proposed']);
    const [second, others] = await Promise.all([
      proposed(world, 38),
      proposed(world, 37.5, temperature, machine('erp')),
    ]);
    expect(await world.desk.get(world.caller('operator'), first.id)).toMatchObject({
      command: { state: 'withdrawn', outcome: { code: 'superseded' } },
    });
    const { commands } = await world.desk.list(world.caller('operator'), null, 50, { awaiting: 'me' });
    expect(commands.map(({ id }) => id).sort()).toEqual([second.id, others.id].sort());
  });

  test.each<[string, string, { tagId?: string; value?: TagValue; areas?: string[] }]>([
    ['an unknown tag', 'tag-unknown', { tagId: 'NO.SUCH' }],
    ['an area that the token is not for', 'right-missing', { areas: ['utilities'] }],
    ['a measured value', 'tag-not-writable', { tagId: measured.id }],
    ['a value out of range', 'value-out-of-range', { value: 99 }],
    ['a value of the wrong type', 'value-wrong-type', { value: 'warm' }],
  ])('CMD-10, AUD-1: %s is refused and recorded', async (_what, code, { tagId, value, areas }) => {
    const world = await makeWorld();
    const answer = await world.desk.propose(machine('mes', areas ?? ['upstream']), {
      tagId: (tagId ?? temperature.id) as typeof temperature.id,
      value: value ?? 37.5,
      origin,
    });
    expect(codeOf(answer)).toBe(code);
    expect(world.log.last('proposal.refused')).toMatchObject({ actor: { id: 'token:mes' }, detail: { code, origin } });
    expect(world.log.kinds()).not.toContain('command.proposed');
  });

  test('CMD-10: a token may not flood people: so many waiting, so many a minute', async () => {
    const tags = Array.from({ length: waitingPerToken + 1 }, (_, index) => makeTag(index, `T${index}.SP`));
    const world = await makeWorld({ tags });
    for (const tag of tags) world.device.values.set(tag.index, 37);
    for (const tag of tags.slice(0, waitingPerToken)) await proposed(world, 37.5, tag);
    const last = { tagId: tags.at(-1)?.id ?? temperature.id, value: 37.5, origin };
    expect(codeOf(await world.desk.propose(machine(), last))).toBe('too-many-requests');
    for (let count = waitingPerToken + 1; count < perTokenAndMinute; count++)
      await proposed(world, 37.5, tags[0] ?? temperature);
    expect(codeOf(await world.desk.propose(machine(), { ...last, tagId: tags[0]?.id ?? temperature.id }))).toBe(
      'too-many-requests',
    );
    await world.clock.advance(60_001);
    expect((await world.desk.propose(machine(), { ...last, tagId: tags[0]?.id ?? temperature.id })).ok).toBe(true);
  });
});
