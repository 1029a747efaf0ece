import { describe, expect, test } from 'vitest';
import { AuthorisedWrite, type GateRecords, openGate } from '../../../gateway/commands/gate.ts';
import type { GivenSignature, Intent } from '../../../gateway/commands/intent.ts';
import { commandIdSchema, userIdSchema } from '../../../gateway/contract/ids.ts';
import type { CommandStatement } from '../../../gateway/contract/statement.ts';
import { signatureDigest } from '../../../gateway/signing/stored-signature.ts';
import { SoftwarePasskey } from '../../support/software-passkey.ts';
import { makeWorld, pump, temperature, type World } from './desk-world.ts';

const id = commandIdSchema.parse('7b5b1ff8-2c9e-4a3f-8f0f-0f4a4f6b9f11');

function setUp(world: World) {
  const drafts: string[] = [];
  const records: GateRecords = {
    record: async (given) => void drafts.push(...given.map(({ kind }) => kind)),
    close: async (given) => void drafts.push(...given.map(({ kind }) => kind)),
    sent: () => undefined,
  };
  return { gate: openGate(world.ports), records, drafts };
}

async function intentOf(
  world: World,
  signers: readonly string[],
  change: Partial<CommandStatement> = {},
  forge: (given: GivenSignature) => Partial<GivenSignature> | Promise<Partial<GivenSignature>> = () => ({}),
): Promise<Intent> {
  const observed = { value: false, quality: 'good', sourceTime: '2026-04-17T08:00:00.000Z' } as const;
  const expiresAtMs = world.clock.now() + 300_000;
  const signatures: GivenSignature[] = [];
  for (const signer of signers) {
    const previous = signatures.at(-1);
    const statement: CommandStatement = {
      version: 1,
      purpose: previous === undefined ? 'command' : 'countersign',
      command: id,
      tag: pump.id,
      description: pump.description,
      observed,
      value: true,
      unit: pump.unit,
      terminal: world.panel.id,
      nonce: 'AAAAAAAAAAAAAAAAAAAAAA',
      expiresAt: new Date(expiresAtMs).toISOString(),
      configuration: { seq: 1, digest: 'd' },
      ...(previous === undefined ? {} : { countersigns: signatureDigest(previous.jws) }),
      ...change,
    };
    const caller = world.caller('operator');
    const record = {
      kind: 'command.signed',
      actor: caller.actor,
      terminal: null,
      address: null,
      subject: pump.id,
    } as const;
    const given: GivenSignature = {
      signer: userIdSchema.parse(signer),
      actor: caller.actor,
      caller,
      statement,
      jws: (await world.signedBody(signer, statement)).statement,
      publicKey: world.panel.publicKey,
      record,
    };
    signatures.push({ ...given, ...(await forge(given)) });
  }
  if (pump.setpoint === null) throw new Error('the pump is a setpoint');
  return { id, tag: { ...pump, setpoint: pump.setpoint }, observed, value: true, signatures, expiresAtMs };
}

async function tryGate(world: World, intent: Intent): Promise<readonly string[]> {
  const { gate, records, drafts } = setUp(world);
  const place = gate.reserve(intent.tag);
  const [signature] = intent.signatures;
  if (!place.ok) throw new Error('there is room');
  const record = signature?.record ?? {
    kind: 'command.signed',
    actor: null,
    terminal: null,
    address: null,
    subject: 'x',
  };
  const accepted = await gate.accept(intent, record, place.turn, records);
  await world.clock.until(gate.carryOut(accepted, records));
  return drafts;
}

const passkey = new SoftwarePasskey('http://localhost:8080');

/** The same command, of a tag whose policy asks for a passkey beside the password (SIG-7). */
function withPasskey(intent: Intent): Intent {
  const policy = { ...intent.tag.setpoint.policy, components: 'password-and-passkey' } as const;
  return { ...intent, tag: { ...intent.tag, setpoint: { ...intent.tag.setpoint, policy } } };
}

function answeredBy(
  record: GivenSignature['record'],
  jws: string,
  { clientExtensionResults: _none, ...assertion }: ReturnType<SoftwarePasskey['assert']>,
): Partial<GivenSignature> {
  return { record: { ...record, signature: { jws, assertion } } };
}

describe('the gate', () => {
  test('SIG-7: opens for a policy that asks for a passkey when each signature brings the answer to its own statement', async () => {
    const world = await makeWorld();
    const intent = await intentOf(world, ['operator', 'supervisor'], {}, ({ jws, record }) =>
      answeredBy(record, jws, passkey.assert(jws)),
    );
    expect(await tryGate(world, withPasskey(intent))).toContain('command.confirmed');
    expect(world.device.writes).toHaveLength(1);
  });

  test('SIG-1: nobody else makes an AuthorisedWrite: not with another key, not by copy, not by likeness', async () => {
    const world = await makeWorld();
    expect(() => new AuthorisedWrite(Symbol('commands/gate'), temperature, 38, id, world.clock.now() + 1000)).toThrow(
      TypeError,
    );
    const alike: unknown = Object.create(AuthorisedWrite.prototype);
    expect(() => (alike as AuthorisedWrite).take(world.clock.now())).toThrow(TypeError);
    expect(() => (alike as AuthorisedWrite).tag).toThrow(TypeError);
    expect(world.device.writes).toEqual([]);
  });

  test('SIG-1: a write is taken once, and not after its last moment', async () => {
    const kept: AuthorisedWrite[] = [];
    const world = await makeWorld({
      ports: {
        writeToPlc: async (write) => {
          kept.push(write);
          return { kind: 'not-sent', detail: 'kept back' };
        },
      },
    });
    await world.commanded('operator', temperature, 37.5);
    const [write] = kept;
    // After the command has closed, a driver that held on to its write has nothing in hand.
    expect(write?.take(world.clock.now())).toBeNull();
    expect(write?.tag.id).toBe('TIC.SP');
  });

  test('SIG-5: an intent with all signatures passes', async () => {
    const world = await makeWorld();
    expect(await tryGate(world, await intentOf(world, ['operator', 'supervisor']))).toContain('command.confirmed');
    expect(world.device.writes).toHaveLength(1);
  });

  const shut: readonly { readonly title: string; readonly make: (world: World) => Promise<Intent> }[] = [
    { title: 'no signature', make: (world) => intentOf(world, []) },
    { title: 'too few signatures', make: (world) => intentOf(world, ['operator']) },
    { title: 'two signatures of one person', make: (world) => intentOf(world, ['operator', 'operator']) },
    {
      title: 'signatures for another value',
      make: (world) => intentOf(world, ['operator', 'supervisor'], { value: false }),
    },
    {
      title: 'signatures for another tag',
      make: (world) => intentOf(world, ['operator', 'supervisor'], { tag: temperature.id }),
    },
    {
      title: 'signatures for another command',
      make: (world) =>
        intentOf(world, ['operator', 'supervisor'], {
          command: commandIdSchema.parse('00000000-0000-4000-8000-000000000000'),
        }),
    },
    {
      title: 'signatures over another observation',
      make: (world) =>
        intentOf(world, ['operator', 'supervisor'], {
          observed: { value: true, quality: 'good', sourceTime: '2026-04-17T08:00:00.000Z' },
        }),
    },
    { title: 'a decline', make: (world) => intentOf(world, ['operator', 'supervisor'], { purpose: 'decline' }) },
    {
      title: 'a broken chain',
      make: (world) => intentOf(world, ['operator', 'supervisor'], { countersigns: 'elsewhere' }),
    },
    {
      title: 'a signature that nobody made',
      make: (world) =>
        intentOf(world, ['operator', 'supervisor'], {}, ({ jws }) => ({
          jws: `${jws.slice(0, jws.lastIndexOf('.'))}.${'A'.repeat(86)}`,
        })),
    },
    {
      title: 'a signature over another statement than the one shown to the gate',
      make: (world) =>
        intentOf(world, ['operator', 'supervisor'], {}, async ({ signer, statement }) => ({
          jws: (await world.signedBody(signer, { ...statement, value: false })).statement,
        })),
    },
    {
      title: 'a signature in another name',
      make: (world) =>
        intentOf(world, ['operator', 'supervisor'], {}, async ({ statement }) => ({
          jws: (await world.signedBody('visitor', statement)).statement,
        })),
    },
    {
      title: 'the key of another terminal',
      make: (world) =>
        intentOf(world, ['operator', 'supervisor'], {}, async ({ signer, statement }) => ({
          jws: (
            await world.signedBody(signer, statement, {
              terminal: { ...world.other, id: world.panel.id },
            })
          ).statement,
          publicKey: world.other.publicKey,
        })),
    },
    {
      title: 'a policy that asks for a passkey, without its answer',
      make: async (world) => withPasskey(await intentOf(world, ['operator', 'supervisor'])),
    },
    {
      title: 'a passkey’s answer to another statement',
      make: async (world) =>
        withPasskey(
          await intentOf(world, ['operator', 'supervisor'], {}, ({ jws, record }) =>
            answeredBy(record, jws, passkey.assert(jws, { challenge: 'AAAA' })),
          ),
        ),
    },
    {
      title: 'a passkey’s answer without user verification',
      make: async (world) =>
        withPasskey(
          await intentOf(world, ['operator', 'supervisor'], {}, ({ jws, record }) =>
            answeredBy(record, jws, passkey.assert(jws, { userVerified: false })),
          ),
        ),
    },
    {
      title: 'a statement that expires earlier',
      make: (world) => intentOf(world, ['operator', 'supervisor'], { expiresAt: '2026-04-17T08:00:00.000Z' }),
    },
  ];
  test.each(shut)('SIG-1, SIG-6: stays shut for $title, whatever the desk made of it', async ({ make }) => {
    const world = await makeWorld();
    await expect(tryGate(world, await make(world))).rejects.toMatchObject({ code: 'internal-fault' });
    expect(world.device.writes).toEqual([]);
    expect(world.device.reads).toBe(0);
  });

  test('CMD-4: an accepted intent is carried out once', async () => {
    const world = await makeWorld();
    const { gate, records } = setUp(world);
    const intent = await intentOf(world, ['operator', 'supervisor']);
    const place = gate.reserve(intent.tag);
    const [first] = intent.signatures;
    if (!place.ok || first === undefined) throw new Error('there is room');
    const accepted = await gate.accept(intent, first.record, place.turn, records);
    await world.clock.until(gate.carryOut(accepted, records));
    await expect(gate.carryOut(accepted, records)).rejects.toMatchObject({ code: 'internal-fault' });
    expect(world.device.writes).toHaveLength(1);
  });
});
