import { describe, expect, test } from 'vitest';
import type { AskedCommand } from '../../../gateway/contract/command.ts';
import { commandIdSchema } from '../../../gateway/contract/ids.ts';
import { refuse } from '../../../gateway/contract/problem.ts';
import type { SignatureBody } from '../../../gateway/contract/statement.ts';
import { codeOf, makeTerminal, makeWorld, temperature, type World } from './desk-world.ts';

type Case = {
  readonly title: string;
  readonly code: string;
  readonly body: (world: World, command: AskedCommand) => Promise<SignatureBody>;
};
type Options = NonNullable<Parameters<World['signedBody']>[2]>;

const by =
  (options: Options, person = 'operator'): Case['body'] =>
  (world, command) =>
    world.signedBody(person, command.statement, options);

const refusals: readonly Case[] = [
  { title: 'SIG-3: a wrong password', code: 'signature-refused', body: by({ password: 'guessed' }) },
  { title: 'SIG-10: a signer without the right', code: 'right-missing', body: by({}, 'visitor') },
  { title: 'SIG-6: another value', code: 'statement-altered', body: by({ change: { value: 38.9 } }) },
  { title: 'SIG-6: another tag', code: 'statement-altered', body: by({ change: { tag: 'SLOW.SP' } }) },
  { title: 'SIG-6: another unit', code: 'statement-altered', body: by({ change: { unit: 'K' } }) },
  {
    title: 'SIG-6: another observation',
    code: 'statement-altered',
    body: by({ change: { observed: { value: 36, quality: 'good', sourceTime: '2026-04-17T08:00:00.000Z' } } }),
  },
  {
    title: 'SIG-6: a later expiry',
    code: 'statement-altered',
    body: by({ change: { expiresAt: '2036-04-17T08:00:00.000Z' } }),
  },
  {
    title: 'SIG-6: another configuration',
    code: 'statement-altered',
    body: by({ change: { configuration: { seq: 4, digest: 'x' } } }),
  },
  {
    title: 'SIG-6: a member that was taken out',
    code: 'statement-altered',
    body: by({ change: { description: undefined } }),
  },
  { title: 'SIG-6: a member that was put in', code: 'statement-altered', body: by({ change: { also: 1 } }) },
  {
    title: 'SIG-6: a nonce that was never given out',
    code: 'statement-altered',
    body: by({ change: { nonce: 'AAAAAAAAAAAAAAAAAAAAAA' } }),
  },
  { title: 'SIG-2: no reason', code: 'reason-missing', body: by({ change: { reasonCode: null } }) },
  {
    title: 'SIG-2: a reason that is not on the list',
    code: 'reason-unknown',
    body: by({ change: { reasonCode: 'because' } }),
  },
  {
    title: 'SIG-2: a meaning that the policy does not allow',
    code: 'meaning-not-allowed',
    body: by({ change: { meaning: 'review' } }),
  },
  { title: 'SIG-6: a JWS of another type', code: 'malformed-statement', body: by({ header: { typ: 'jwt' } }) },
  {
    title: 'SIG-6: no JWS at all',
    code: 'malformed-statement',
    body: async () => ({ statement: 'nonsense', username: 'operator', password: 'x' }),
  },
  {
    title: 'TRM-1: a key that is not enrolled',
    code: 'statement-altered',
    body: async (world, command) => world.signedBody('operator', command.statement, { terminal: await makeTerminal() }),
  },
  {
    title: 'TRM-1: the key of another enrolled terminal',
    code: 'statement-altered',
    body: async (world, command) => world.signedBody('operator', command.statement, { terminal: world.other }),
  },
  {
    title: 'SIG-6: the statement of another command',
    code: 'statement-altered',
    body: async (world) => world.signedBody('operator', (await world.asked('operator', temperature, 38)).statement),
  },
];

describe('signing a command', () => {
  test.each(refusals)('$title is refused as $code, recorded, and the PLC sees nothing', async ({ code, body }) => {
    const world = await makeWorld();
    const command = await world.asked('operator', temperature, 37.5);
    const answer = await world.desk.sign(world.caller('operator'), command.id, await body(world, command));
    expect(codeOf(answer)).toBe(code);
    const record = world.log.last('command.signature-refused');
    expect(answer).toMatchObject({ record: record.seq });
    expect(record).toMatchObject({ command: command.id, subject: 'TIC.SP', new: 37.5, detail: { code } });
    expect(JSON.stringify(world.log.records)).not.toContain('guessed');
    await world.clock.advance(20_000);
    expect(world.device.writes).toEqual([]);
    expect(world.log.kinds()).not.toContain('command.accepted');
    // A refusal is no end: the same statement still carries the command.
    const signed = await world.signedBody('operator', command.statement);
    const after = await world.clock.until(world.desk.sign(world.caller('operator'), command.id, signed));
    // It is part of the command's life, though.
    const refused = expect.objectContaining({ kind: 'command.signature-refused', record: record.seq });
    const stages = expect.arrayContaining([refused]);
    expect(after).toMatchObject({ ok: true, command: { state: 'confirmed', stages } });
  });

  test('SIG-6: an expired statement is refused, and the command expires with a record', async () => {
    const world = await makeWorld();
    const command = await world.asked('operator', temperature, 37.5);
    const body = await world.signedBody('operator', command.statement);
    await world.clock.advance(600_001);
    expect(world.log.kinds()).toEqual(['command.asked', 'command.expired']);
    const answer = await world.desk.sign(world.caller('operator'), command.id, body);
    expect(codeOf(answer)).toBe('wrong-stage');
    expect(world.log.last('command.signature-refused').detail).toMatchObject({ code: 'wrong-stage' });
    expect(world.device.writes).toEqual([]);
  });

  test('SIG-6: a statement whose time has passed is refused even while its expiry cannot be recorded', async () => {
    const world = await makeWorld();
    const command = await world.asked('operator', temperature, 37.5);
    const body = await world.signedBody('operator', command.statement);
    world.log.awayFor = ({ kind }) => kind === 'command.expired';
    await world.clock.advance(600_001);
    const answer = await world.desk.sign(world.caller('operator'), command.id, body);
    expect(codeOf(answer)).toBe('statement-expired');
    world.log.awayFor = () => false;
    await world.clock.advance(2_000);
    expect(world.log.kinds()).toContain('command.expired');
    expect(world.device.writes).toEqual([]);
  });

  test('SIG-6: a statement is used once, one after the other or at the same time', async () => {
    const world = await makeWorld();
    const command = await world.asked('operator', temperature, 37.5);
    const body = await world.signedBody('operator', command.statement);
    const sign = () => world.desk.sign(world.caller('operator'), command.id, body);
    const answers = await world.clock.until(Promise.all([sign(), sign(), sign()]));
    expect(answers.map((answer) => answer.ok).sort()).toEqual([false, false, true]);
    expect(answers.filter((answer) => !answer.ok).map(codeOf)).toEqual(['command-in-progress', 'command-in-progress']);
    expect(codeOf(await sign())).toBe('statement-reused');
    expect(world.device.writes).toHaveLength(1);
    expect(world.log.kinds().filter((kind) => kind === 'command.signature-refused')).toHaveLength(3);
  });

  test('SIG-1: a signature for a command that nobody asked for is recorded and refused', async () => {
    const world = await makeWorld();
    const command = await world.asked('operator', temperature, 37.5);
    const id = commandIdSchema.parse('7b5b1ff8-2c9e-4a3f-8f0f-0f4a4f6b9f11');
    const answer = await world.desk.sign(
      world.caller('operator'),
      id,
      await world.signedBody('operator', command.statement),
    );
    expect(codeOf(answer)).toBe('command-unknown');
    expect(world.log.last('command.signature-refused')).toMatchObject({ subject: `command:${id}` });
    expect(world.device.writes).toEqual([]);
  });

  test('SIG-2, SIG-8: a signature shows who, when, where, what it means and why, in the record and in the view', async () => {
    const world = await makeWorld();
    const command = await world.asked('operator', temperature, 37.5);
    const body = await world.signedBody('operator', command.statement, {
      change: { comment: 'as the batch sheet says' },
    });
    const answer = await world.clock.until(world.desk.sign(world.caller('operator'), command.id, body));
    if (!answer.ok) throw new Error(answer.detail);
    const record = world.log.last('command.signed');
    expect(answer.command.signatures).toEqual([
      {
        signer: 'operator',
        printedName: 'The operator',
        meaning: 'responsibility',
        reasonCode: 'batch-step',
        reasonText: 'Next step of the batch',
        comment: 'as the batch sheet says',
        time: record.time,
        signedAt: '2026-04-17T08:00:00.000Z',
        terminal: { id: world.panel.id, name: 'Panel 1' },
        record: record.seq,
      },
    ]);
    expect(record).toMatchObject({
      signature: { jws: body.statement },
      reason: { code: 'batch-step', comment: 'as the batch sheet says' },
      meaning: 'responsibility',
      old: 37,
      new: 37.5,
      unit: '°C',
      detail: { standsOn: { account: 1, certification: 2, terminal: 3, configuration: 4 } },
    });
  });

  test('SIG-4: another authorised person signs in the operator’s session; the record names both', async () => {
    const world = await makeWorld();
    const command = await world.asked('operator', temperature, 37.5);
    const body = await world.signedBody('supervisor', command.statement);
    const answer = await world.clock.until(world.desk.sign(world.caller('operator'), command.id, body));
    expect(answer).toMatchObject({ ok: true, command: { state: 'confirmed', signatures: [{ signer: 'supervisor' }] } });
    expect(world.log.last('command.signed')).toMatchObject({
      actor: { id: 'supervisor' },
      detail: { session: 'operator' },
    });
  });

  test('SIG-1: the first signature may come from another terminal, with a statement of its own', async () => {
    const world = await makeWorld();
    const command = await world.asked('operator', temperature, 37.5);
    const there = world.caller('operator', world.other);
    const foreign = await world.signedBody('operator', command.statement, { terminal: world.other });
    expect(codeOf(await world.desk.sign(there, command.id, foreign))).toBe('statement-altered');
    const offered = await world.desk.offer(there, command.id, {});
    if (!offered.ok) throw new Error(offered.detail);
    const body = await world.signedBody('operator', offered.offer.statement, { terminal: world.other });
    expect(await world.clock.until(world.desk.sign(there, command.id, body))).toMatchObject({
      command: { state: 'confirmed' },
    });
  });

  test('IDN-3: a refusal that identity recorded already is not recorded twice', async () => {
    const world = await makeWorld({
      ports: { checkSigner: async () => refuse('signature-refused', 'No.', { record: 77 }) },
    });
    const command = await world.asked('operator', temperature, 37.5);
    const answer = await world.desk.sign(
      world.caller('operator'),
      command.id,
      await world.signedBody('operator', command.statement),
    );
    expect(answer).toMatchObject({ ok: false, code: 'signature-refused', record: 77 });
    expect(world.log.kinds()).toEqual(['command.asked']);
  });

  test('CMD-4: a signature that cannot be recorded moves nothing, and can be given again', async () => {
    const world = await makeWorld();
    const command = await world.asked('operator', temperature, 37.5);
    const body = await world.signedBody('operator', command.statement);
    world.log.away = true;
    await expect(world.desk.sign(world.caller('operator'), command.id, body)).rejects.toMatchObject({
      code: 'log-unavailable',
    });
    await world.clock.advance(30_000);
    expect(world.device.writes).toEqual([]);
    expect(world.device.reads).toBe(0);
    world.log.away = false;
    expect(await world.clock.until(world.desk.sign(world.caller('operator'), command.id, body))).toMatchObject({
      command: { state: 'confirmed' },
    });
    expect(world.device.writes).toHaveLength(1);
  });
});
