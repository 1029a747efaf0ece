// The faults that a simulated device can be told to have (SIM-2), and the check of one that came from outside.
// Injected through fault-board.ts by tests and the control port; carried out by device.ts and the two servers.
import type { DeviceProtocol } from '../plant/points.ts';

/** Which requests a fault of the answer meets. */
export type FaultScope = 'reads' | 'writes' | 'all';

type FaultOfKind =
  /** Carries out at once, answers `ms` later. */
  | { readonly kind: 'delay-answers'; readonly ms: number; readonly on?: FaultScope }
  /** `after-apply`: carries out and stays silent; `before-apply`: does not even carry out. */
  | { readonly kind: 'never-answer'; readonly on?: FaultScope; readonly when?: 'before-apply' | 'after-apply' }
  /** Closes the connection that sent the request. */
  | { readonly kind: 'drop-connection'; readonly on?: FaultScope; readonly when?: 'before-apply' | 'after-apply' }
  /** Carries out and sends bytes that mean nothing, in the answer's length. */
  | { readonly kind: 'garbage-answer'; readonly on?: FaultScope }
  /** Modbus: holds an answer until the next request of the connection, then sends it first, `own` or `next` in its header. */
  | { readonly kind: 'late-answer'; readonly on?: FaultScope; readonly transactionId?: 'own' | 'next' }
  /** Modbus: answers with this exception code, instead of carrying out or, `after-apply`, after it. */
  | {
      readonly kind: 'exception';
      readonly code: number;
      readonly on?: FaultScope;
      readonly when?: 'before-apply' | 'after-apply';
    }
  /** OPC UA: answers a write with this status name, by default BadNotWritable; carries it out all the same `after-apply`. */
  | { readonly kind: 'refuse-write'; readonly status?: string; readonly when?: 'before-apply' | 'after-apply' }
  /** Answers a write as done and does nothing. */
  | { readonly kind: 'ignore-write' }
  /** Applies a write and puts the former value back `afterMs` later. */
  | { readonly kind: 'revert-value'; readonly afterMs: number }
  /** Applies a write, while the point's shown value only moves there over `ms`; booleans change at the end. */
  | { readonly kind: 'settle-slowly'; readonly ms: number }
  /** The shown value (and its source time) stays what it was at the injection, whatever the plant does. */
  | { readonly kind: 'freeze-value' }
  /** OPC UA: the value is shown with this status name, such as BadSensorFailure. */
  | { readonly kind: 'bad-quality'; readonly status: string }
  /** OPC UA: source times are off by this much. */
  | { readonly kind: 'clock-drift'; readonly offsetMs: number }
  /** Accepts new connections and closes them at once; those that exist stay. */
  | { readonly kind: 'refuse-connections' };

export type Fault = FaultOfKind & {
  readonly protocol: DeviceProtocol;
  /** Only requests that touch one of these points; left out: every request. */
  readonly points?: readonly string[];
  /** How often it strikes before it is gone by itself; left out: until cleared. */
  readonly times?: number;
};

export type FaultKind = Fault['kind'];

const kinds: Record<FaultKind, readonly DeviceProtocol[]> = {
  'delay-answers': ['opcua', 'modbus'],
  'never-answer': ['opcua', 'modbus'],
  'drop-connection': ['opcua', 'modbus'],
  'garbage-answer': ['opcua', 'modbus'],
  'late-answer': ['modbus'],
  exception: ['modbus'],
  'refuse-write': ['opcua'],
  'ignore-write': ['opcua', 'modbus'],
  'revert-value': ['opcua', 'modbus'],
  'settle-slowly': ['opcua', 'modbus'],
  'freeze-value': ['opcua', 'modbus'],
  'bad-quality': ['opcua'],
  'clock-drift': ['opcua'],
  'refuse-connections': ['opcua', 'modbus'],
};

const longestMs = 600_000;
const fields = [
  'kind',
  'protocol',
  'points',
  'times',
  'ms',
  'afterMs',
  'offsetMs',
  'on',
  'when',
  'transactionId',
  'code',
  'status',
];

/** Kinds that meet values or connections, not single requests, and so cannot be counted. */
const lasting: readonly FaultKind[] = ['freeze-value', 'bad-quality', 'clock-drift'];

/**
 * Says in one sentence what is wrong with a fault, or null. Times are bounded by ten minutes.
 * In OPC UA an answer fault without `on: 'writes'` works on the bytes of the connection, where points are not known.
 */
export function faultProblem(input: unknown): string | null {
  if (typeof input !== 'object' || input === null) return 'a fault is an object with kind and protocol';
  const fault = input as Record<string, unknown>;
  for (const key of Object.keys(fault)) if (!fields.includes(key)) return `a fault has no field ${key}`;
  const { kind, protocol, on } = fault;
  if (typeof kind !== 'string' || !isFaultKind(kind)) return `kind is one of ${Object.keys(kinds).join(', ')}`;
  if (protocol !== 'opcua' && protocol !== 'modbus') return 'protocol is opcua or modbus';
  if (!kinds[kind].includes(protocol)) return `${kind} is not available over ${protocol}`;
  const needed = { 'delay-answers': 'ms', 'settle-slowly': 'ms', 'revert-value': 'afterMs' }[kind as string];
  if (needed !== undefined && !isWithin(fault[needed], 0, longestMs)) return `${needed} is 0 to ${longestMs}`;
  if (kind === 'clock-drift' && !Number.isFinite(fault.offsetMs)) return 'offsetMs is a number';
  if (kind === 'exception' && !isWithin(fault.code, 1, 255)) return 'code is 1 to 255';
  if (kind === 'bad-quality' && typeof fault.status !== 'string') return 'status is the name of an OPC UA status code';
  if (fault.status !== undefined && typeof fault.status !== 'string') return 'status is a name';
  if (on !== undefined && on !== 'reads' && on !== 'writes' && on !== 'all') return 'on is reads, writes or all';
  if (fault.when !== undefined && fault.when !== 'before-apply' && fault.when !== 'after-apply')
    return 'when is before-apply or after-apply';
  if (fault.transactionId !== undefined && fault.transactionId !== 'own' && fault.transactionId !== 'next')
    return 'transactionId is own or next';
  if (fault.times !== undefined && !isWithin(fault.times, 1, 1_000_000)) return 'times is 1 to 1000000';
  if (fault.times !== undefined && lasting.includes(kind)) return `${kind} cannot be counted: leave times out`;
  const points = fault.points;
  if (points !== undefined && !(Array.isArray(points) && points.every((point) => typeof point === 'string')))
    return 'points is a list of point names';
  if (kind === 'refuse-connections' && points !== undefined) return 'refuse-connections knows no points';
  const ofAnswer = kind === 'delay-answers' || kind === 'never-answer' || kind === 'garbage-answer';
  if (protocol === 'opcua') {
    if (on === 'reads') return 'over opcua, on is writes or all';
    if (kind === 'drop-connection' && on === 'all') return 'over opcua, drop-connection meets writes only';
    if (kind === 'garbage-answer' && on === 'writes') return 'over opcua, garbage-answer meets all answers';
    if (ofAnswer && scopeOf(fault as Fault) === 'all' && points !== undefined)
      return `over opcua, ${kind} with points needs on: 'writes'`;
  }
  return null;
}

/** The scope that holds where `on` is left out: drops meet writes, everything else all requests. */
export function scopeOf(fault: Fault): FaultScope {
  if ('on' in fault && fault.on !== undefined) return fault.on;
  return fault.kind === 'drop-connection' ? 'writes' : 'all';
}

function isFaultKind(kind: string): kind is FaultKind {
  return Object.hasOwn(kinds, kind);
}

function isWithin(value: unknown, min: number, max: number): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value >= min && value <= max;
}
