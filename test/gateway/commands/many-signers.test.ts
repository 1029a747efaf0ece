// Up to four signers (SIG-5), and what the log says of them when it is verified.
import { describe, expect, test } from 'vitest';
import type { ParsedRecord } from '../../../gateway/audit/parsed-record.ts';
import { commandChecker } from '../../../gateway/audit/verify-commands.ts';
import type { CommandRecord } from '../../../gateway/commands/command-record.ts';
import { signatureDigest } from '../../../gateway/signing/stored-signature.ts';
import { codeOf, makeTag, makeWorld, setpointRule, type World } from './desk-world.ts';

const four = makeTag(0, 'FOUR.SP', {
  setpoint: { ...setpointRule, policy: { ...setpointRule.policy, name: 'four eyes twice', signatures: 4 } },
});
const people = ['operator', 'supervisor', 'qa', 'engineer'] as const;

/** Signs as the next signer, in the operator's session; answers with the JWS that was sent. */
async function signAs(world: World, id: Parameters<World['desk']['offer']>[1], person: string) {
  const here = world.caller('operator');
  const answer = await world.desk.offer(here, id, {});
  if (!answer.ok) throw new Error(answer.detail);
  const body = await world.signedBody(person, answer.offer.statement);
  return {
    offer: answer.offer,
    jws: body.statement,
    answer: await world.clock.until(world.desk.sign(here, id, body)),
  };
}

const world4 = () => makeWorld({ tags: [four] });

describe('four signers', () => {
  test('SIG-5: each names the one before, nothing is written before the fourth, and all four carry the intent', async () => {
    const world = await world4();
    const command = await world.asked('operator', four, 38);
    let before: string | null = null;
    for (const [index, person] of people.entries()) {
      expect(world.device.writes).toEqual([]);
      const { offer, jws, answer } = await signAs(world, command.id, person);
      expect(offer.requires.countersignatures).toBe(3 - index);
      expect('countersigns' in offer.statement ? offer.statement.countersigns : null).toBe(
        before === null ? null : signatureDigest(before),
      );
      const state = index < 3 ? 'awaiting-countersignature' : 'confirmed';
      expect(answer).toMatchObject({ ok: true, command: { state, missingSignatures: 3 - index } });
      before = jws;
    }
    expect(world.device.writes).toMatchObject([{ tag: 'FOUR.SP', value: 38 }]);
    expect(world.log.last('command.accepted').detail?.signatures).toHaveLength(4);
  });

  test('SIG-5: whoever signed, first, second or third, cannot sign again', async () => {
    const world = await world4();
    const command = await world.asked('operator', four, 38);
    for (const person of ['operator', 'supervisor', 'qa']) await signAs(world, command.id, person);
    for (const person of ['operator', 'Supervisor', 'QA'])
      expect(codeOf((await signAs(world, command.id, person)).answer), person).toBe('same-signer');
    expect(world.device.writes).toEqual([]);
  });

  test('CMD-2: a right that the second of four lost meanwhile is lost at the write', async () => {
    const world = await world4();
    const command = await world.asked('operator', four, 38);
    for (const person of people.slice(0, 3)) await signAs(world, command.id, person);
    world.withoutRight.add('supervisor');
    const { answer } = await signAs(world, command.id, 'engineer');
    expect(answer).toMatchObject({ ok: true, command: { state: 'refused', outcome: { code: 'right-missing' } } });
    expect(world.device.writes).toEqual([]);
  });
});

describe('awaiting your signature', () => {
  const awaiting = async (world: World, person: 'operator' | 'supervisor' | 'visitor', at = world.panel) => {
    const page = await world.desk.list(world.caller(person, at), null, 50, { awaiting: 'me' });
    return page.commands.map(({ id, awaitingYou }) => ({ id, awaitingYou }));
  };

  test('SIG-5: a command waits for who asked, then for others at any terminal, and for nobody once it is done', async () => {
    const world = await world4();
    const command = await world.asked('operator', four, 38);
    const mine = [{ id: command.id, awaitingYou: true }];
    expect(await awaiting(world, 'operator')).toEqual(mine);
    expect(await awaiting(world, 'supervisor')).toEqual([]);
    await signAs(world, command.id, 'operator');
    expect(await awaiting(world, 'operator')).toEqual([]);
    expect(await awaiting(world, 'supervisor')).toEqual(mine);
    expect(await awaiting(world, 'supervisor', world.other)).toEqual(mine);
    expect(await awaiting(world, 'visitor')).toEqual([]);
    expect(await world.desk.get(world.caller('supervisor'), command.id)).toMatchObject({
      command: { awaitingYou: true, value: 38, observed: { value: 37 }, signatures: [{ signer: 'operator' }] },
    });
    for (const person of people.slice(1)) await signAs(world, command.id, person);
    expect(await awaiting(world, 'supervisor')).toEqual([]);
  });

  test('SIG-5: what has run out of time waits for nobody', async () => {
    const world = await world4();
    const command = await world.asked('operator', four, 38);
    await signAs(world, command.id, 'operator');
    await world.clock.advance(600_001);
    expect(await awaiting(world, 'supervisor')).toEqual([]);
  });
});

describe('the records of a command, verified', () => {
  type Signed = CommandRecord & { readonly signature?: { readonly jws: string } };
  function firstBad(records: readonly Signed[]): { readonly kind: string; readonly why: string } | null {
    const check = commandChecker();
    for (const record of records) {
      const why = check(record as unknown as ParsedRecord);
      if (why !== null) return { kind: record.kind, why };
    }
    return null;
  }
  /** Two commands of the same tag, four signatures each, signed by the same persons. */
  async function twoCommands() {
    const world = await world4();
    for (const value of [38, 37]) {
      const command = await world.asked('operator', four, value);
      for (const person of people) await signAs(world, command.id, person);
    }
    expect(world.device.writes).toHaveLength(2);
    return world.log.records as readonly Signed[];
  }
  const at = (records: readonly Signed[], kind: string, nth: number): Signed => {
    const found = records.filter((record) => record.kind === kind)[nth];
    if (found === undefined) throw new Error(`there is no ${kind} number ${nth}`);
    return found;
  };
  const put = (records: readonly Signed[], record: Signed): readonly Signed[] =>
    records.map((one) => (one.seq === record.seq ? record : one));

  test('AUD-5: what the desk wrote is good', async () => {
    expect(firstBad(await twoCommands())).toBeNull();
  });

  test('SIG-6, AUD-5: signatures swapped between commands, between persons or out of the chain are found', async () => {
    const records = await twoCommands();
    const [first, second] = [at(records, 'command.countersigned', 0), at(records, 'command.countersigned', 3)];
    const swapped = put(records, { ...first, ...(second.signature && { signature: second.signature }) });
    expect(firstBad(swapped)).toMatchObject({ kind: first.kind, why: expect.stringContaining('another command') });

    const third = at(records, 'command.countersigned', 1);
    const exchanged = put(records, { ...first, ...(third.signature && { signature: third.signature }) });
    expect(firstBad(exchanged)?.why).toContain('another person');

    const leftOut = records.filter((record) => record.seq !== first.seq);
    expect(firstBad(leftOut)?.why).toContain('chain of signatures is broken');

    const claimed = put(records, { ...first, actor: third.actor });
    expect(firstBad(claimed)?.why).toContain('another person');
  });

  test('SIG-1, AUD-5: an intent or a write without its signatures is found', async () => {
    const records = await twoCommands();
    const accepted = at(records, 'command.accepted', 0);
    const unsigned = records.filter((record) => record.kind !== 'command.countersigned');
    expect(firstBad(unsigned)).toMatchObject({
      kind: 'command.accepted',
      why: expect.stringContaining('3 signatures'),
    });
    const other = at(records, 'command.accepted', 1);
    expect(firstBad(put(records, { ...accepted, detail: other.detail }))?.why).toContain('not those that were given');
    expect(firstBad(put(records, { ...accepted, new: 39 }))?.why).toContain('not what was asked for');
    const unasked = records.filter((record) => record.seq !== accepted.seq);
    expect(firstBad(unasked)).toMatchObject({ kind: 'command.written', why: expect.stringContaining('intent') });
  });
});
