// What one command of the fault run meets: a fault of the device, a blow to a process or a connection, an odd person, or
// several of them. Chosen from the seed and the command's number alone, so that a run can be repeated. Carries out nothing.
import type { Fault } from '../../simulators/faults/fault.ts';
import type { DeviceProtocol } from '../../simulators/plant/points.ts';
import { createRandom, type Random } from '../../simulators/plant/random.ts';

/**
 * When a blow falls: before anybody signs; `afterMs` after the last signature was sent; in the PLC's hands, before its
 * answer to the write is on its way; `afterMs` after that.
 */
export type Stage = 'asked' | 'signing' | 'write' | 'after-write';
export const blowKinds = [
  'kill-gateway',
  'kill-backend',
  'kill-postgres',
  'kill-plc',
  'kill-plc-forgetful',
  'drop-connections',
  'refuse-connections',
] as const;
/** `kill-plc-forgetful`: the PLC comes back with the value it had before the command. */
export type Blow = { readonly kind: (typeof blowKinds)[number]; readonly stage: Stage; readonly afterMs: number };

/**
 * `rival`: somebody else asks for and signs another value of the same tag at the same time. `signs-twice`: who signed first
 * tries to be the second as well, in the other one's session.
 */
export type Conduct = 'plain' | 'withdraws' | 'abandons' | 'declines' | 'rival' | 'signs-twice';

/** `break-glass`: on one signature of two, the other afterwards (CMD-13). `proposed`: a machine asks, a person signs (CMD-10). */
export type Way = 'asked' | 'break-glass' | 'proposed';

export type Trial = {
  /** The row of the table. */
  readonly name: string;
  readonly fault: Fault | null;
  /** The fault is there before the signature, or comes when the PLC has the write. */
  readonly faultFrom: 'asked' | 'write';
  readonly blow: Blow | null;
  readonly conduct: Conduct;
  readonly way: Way;
  /** The second person signs in the first one's session, not at a terminal of his own (SIG-4). */
  readonly countersignsHere: boolean;
  /** An outcome that is unknown is resolved by a person, after a look at the plant (CMD-6). */
  readonly resolves: boolean;
  /** Goes on to the next command without waiting for the outcome, where it is not known at once. */
  readonly hurried: boolean;
  /** Where the new value lies, from 0 to 1. */
  readonly aim: number;
};

export type Target = {
  readonly tag: string;
  readonly protocol: DeviceProtocol;
  readonly signatures: number;
  /** Each signature needs its signer's passkey beside the password (SIG-7). */
  readonly passkey: boolean;
};

type Choice<T> = readonly (readonly [weight: number, value: T])[];
type FaultPart = { readonly name: string; readonly fault: Fault; readonly faultFrom?: 'asked' | 'write' };

export function chooseTrial(seed: number, number: number, target: Target): Trial {
  // The number is mixed in, so that neighbours have nothing to do with each other.
  const random = createRandom((Math.imul(seed, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b)) >>> 0);
  const { uniform } = random;
  // A kill costs all lanes the seconds of a restart, so it is rarer than what meets one command alone.
  const kind = pick(random, [
    [80, 'device'],
    [5, 'blow'],
    [4, 'both'],
    [11, 'person'],
  ] as const);
  const part = kind === 'device' || kind === 'both' ? faultPart(random, target) : null;
  const blow = kind === 'blow' || kind === 'both' ? chooseBlow(random) : null;
  const conduct = kind === 'person' ? chooseConduct(random, target) : 'plain';
  const names = [part?.name, blow === null ? undefined : `${blow.kind} @${blow.stage}`];
  return {
    name: conduct === 'plain' ? names.filter((name) => name !== undefined).join(' + ') : `person ${conduct}`,
    fault: part?.fault ?? null,
    faultFrom: part?.faultFrom ?? 'asked',
    blow,
    conduct,
    hurried: uniform() < 0.3,
    aim: uniform(),
    way: chooseWay(random, target, conduct),
    countersignsHere: uniform() < 0.4,
    resolves: uniform() < 0.5,
  };
}

function chooseWay(random: Random, { signatures }: Target, conduct: Conduct): Way {
  if (conduct === 'withdraws' || conduct === 'rival') return 'asked';
  if (conduct === 'declines' && signatures === 1) return 'proposed';
  const glass = signatures > 1 && conduct !== 'declines' && conduct !== 'signs-twice';
  return pick<Way>(random, [
    [16, 'asked'],
    [2, 'proposed'],
    [glass ? 5 : 0, 'break-glass'],
  ]);
}

function faultPart(random: Random, { tag, protocol }: Target): FaultPart {
  const { uniform } = random;
  const upTo = (most: number): number => Math.round(uniform() * most);
  const points = [tag];
  const one = { protocol, points, times: 1 } as const;
  const when = uniform() < 0.5 ? 'before-apply' : 'after-apply';
  const both: Choice<() => FaultPart> = [
    [3, () => ({ name: 'delay', fault: { kind: 'delay-answers', ms: upTo(300), on: 'writes', ...one } })],
    [
      2,
      () => ({ name: 'delay beyond the time-out', fault: { kind: 'delay-answers', ms: 1500, on: 'writes', ...one } }),
    ],
    [3, () => ({ name: `no answer, ${when}`, fault: { kind: 'never-answer', on: 'writes', when, ...one } })],
    [3, () => ({ name: `drop, ${when}`, fault: { kind: 'drop-connection', on: 'writes', when, ...one } })],
    [3, () => ({ name: 'ignores the write', fault: { kind: 'ignore-write', ...one } })],
    [5, () => ({ name: 'reverts', fault: { kind: 'revert-value', afterMs: upTo(600), ...one } })],
    [4, () => ({ name: 'settles within time', fault: { kind: 'settle-slowly', ms: upTo(300), ...one } })],
    [3, () => ({ name: 'settles too late', fault: { kind: 'settle-slowly', ms: 700 + upTo(1500), ...one } })],
    [3, () => ({ name: 'frozen value', fault: { kind: 'freeze-value', protocol, points } })],
  ];
  const opcua: Choice<() => FaultPart> = [
    [4, () => refusedWrite(pick(random, refusals), points)],
    [2, () => ({ ...refusedWrite(pick(random, openStatuses), points, when), name: `open status, ${when}` })],
    [2, () => ({ name: 'bad quality', fault: { kind: 'bad-quality', status: 'BadSensorFailure', protocol, points } })],
    [
      2,
      () => ({
        name: 'bad quality after the write',
        fault: { kind: 'bad-quality', status: 'BadNoCommunication', protocol, points },
        faultFrom: 'write',
      }),
    ],
    [1, () => ({ name: 'clock drift', fault: { kind: 'clock-drift', offsetMs: -3_600_000, protocol, points } })],
    [1, () => ({ name: 'garbage', fault: { kind: 'garbage-answer', protocol, times: 1 } })],
    [1, () => ({ name: 'silent server', fault: { kind: 'never-answer', protocol, times: 1 + upTo(2) } })],
    [
      1,
      () => ({
        name: 'silent server after the write',
        fault: { kind: 'never-answer', protocol, times: 1 + upTo(2) },
        faultFrom: 'write',
      }),
    ],
  ];
  const modbus: Choice<() => FaultPart> = [
    [
      4,
      () => ({ name: 'exception', fault: { kind: 'exception', code: pick(random, exceptions), on: 'writes', ...one } }),
    ],
    [
      2,
      () => ({
        name: `open exception, ${when}`,
        fault: { kind: 'exception', code: pick(random, openExceptions), on: 'writes', when, ...one },
      }),
    ],
    [
      2,
      () => ({
        name: 'exception on reads after the write',
        fault: { kind: 'exception', code: 4, on: 'reads', protocol, points, times: 1 + upTo(8) },
        faultFrom: 'write',
      }),
    ],
    [2, () => ({ name: 'garbage', fault: { kind: 'garbage-answer', on: 'writes', ...one } })],
    [1, () => ({ name: 'garbage on reads', fault: { kind: 'garbage-answer', on: 'reads', ...one } })],
    [2, () => ({ name: 'late answer', fault: { kind: 'late-answer', on: 'writes', transactionId: 'own', ...one } })],
    [
      2,
      () => ({
        name: 'late answer under another id',
        fault: { kind: 'late-answer', on: 'writes', transactionId: 'next', ...one },
      }),
    ],
    [
      1,
      () => ({
        name: 'no answer to reads after the write',
        fault: { kind: 'never-answer', on: 'reads', protocol, points, times: 1 },
        faultFrom: 'write',
      }),
    ],
  ];
  return pick(random, [...both, ...(protocol === 'opcua' ? opcua : modbus)])();
}

const refusals: Choice<string> = [
  [3, 'BadNotWritable'],
  [1, 'BadUserAccessDenied'],
  [1, 'BadOutOfRange'],
  [1, 'BadDeviceFailure'],
];
/** After these the server may have passed the value on. */
const openStatuses: Choice<string> = [
  [1, 'BadTimeout'],
  [1, 'BadCommunicationError'],
  [1, 'BadUnexpectedError'],
];
const exceptions: Choice<number> = [1, 2, 3, 4, 6].map((code) => [1, code] as const);
const openExceptions: Choice<number> = [
  [1, 5],
  [1, 11],
];

function refusedWrite(
  status: string,
  points: readonly string[],
  when: 'before-apply' | 'after-apply' = 'before-apply',
): FaultPart {
  return { name: 'refused write', fault: { kind: 'refuse-write', status, when, protocol: 'opcua', points, times: 1 } };
}

function chooseBlow(random: Random): Blow {
  const kind = pick<Blow['kind']>(random, [
    [8, 'kill-gateway'],
    [5, 'kill-backend'],
    [3, 'kill-postgres'],
    [2, 'kill-plc'],
    [2, 'kill-plc-forgetful'],
    [5, 'drop-connections'],
    [3, 'refuse-connections'],
  ]);
  const stage = pick<Stage>(random, [
    [1, 'asked'],
    [4, 'signing'],
    [4, 'write'],
    [3, 'after-write'],
  ]);
  const mostMs = stage === 'signing' ? 80 : 150;
  return { kind, stage, afterMs: Math.round(random.uniform() * mostMs) };
}

function chooseConduct(random: Random, { signatures }: Target): Conduct {
  const alone: Choice<Conduct> = [
    [4, 'rival'],
    [1, 'declines'],
  ];
  const together: Choice<Conduct> = [
    [3, 'declines'],
    [2, 'signs-twice'],
  ];
  return pick<Conduct>(random, [[2, 'withdraws'], [1, 'abandons'], ...(signatures > 1 ? together : alone)]);
}

function pick<T>(random: Random, choices: Choice<T>): T {
  const total = choices.reduce((sum, [weight]) => sum + weight, 0);
  let left = random.uniform() * total;
  for (const [weight, value] of choices) {
    left -= weight;
    if (left < 0) return value;
  }
  const last = choices.at(-1);
  if (last === undefined) throw new RangeError('nothing to choose from');
  return last[1];
}
