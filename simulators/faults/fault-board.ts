// Which faults are active, and how often each has struck. Injected into by tests and the control port, asked by the
// devices and servers. It carries out nothing itself and keeps no timer.
import type { DeviceProtocol } from '../plant/points.ts';
import { type Fault, type FaultKind, type FaultScope, faultProblem, scopeOf } from './fault.ts';

export type ActiveFault = { readonly id: number; readonly fault: Fault; readonly struck: number };

export type FaultOf<K extends FaultKind> = Extract<Fault, { kind: K }>;

export type FaultBoard = {
  /** Makes a fault active and returns its id. Throws a RangeError that says what is wrong with it. At most 1,000. */
  readonly inject: (fault: Fault) => number;
  readonly remove: (id: number) => void;
  /** Ends all faults; what they hold back is released, what they froze moves again. */
  readonly clear: () => void;
  readonly active: () => readonly ActiveFault[];
  /** How often a fault has struck, also after it is gone by its `times`. */
  readonly struck: (id: number) => number;
};

/** What the devices use besides. */
export type FaultSource = FaultBoard & {
  /** The first active fault of this kind that meets the request, without counting. `reads` or `writes`: `all` matches too. */
  readonly find: <K extends FaultKind>(kind: K, question: Question) => FaultOf<K> | null;
  /** As `find`, and counts it as struck. */
  readonly strike: <K extends FaultKind>(kind: K, question: Question) => FaultOf<K> | null;
  /** Called after each injection, removal and clearing, not when a counted fault is used up; returns the way out. */
  readonly onChange: (listener: () => void) => () => void;
};

export type Question = {
  readonly protocol: DeviceProtocol;
  /** Points that the request touches; left out for bytes and connections. */
  readonly points?: readonly string[];
  /** Left out for what is neither. `all` asks only for faults that meet everything. */
  readonly on?: FaultScope;
};

const mostFaults = 1000;

export function createFaultBoard(): FaultSource {
  const entries = new Map<number, { readonly fault: Fault; struck: number }>();
  // How often faults struck that are gone; bounded like the faults themselves, oldest forgotten.
  const past = new Map<number, number>();
  const listeners = new Set<() => void>();
  let nextId = 1;

  const changed = (): void => {
    for (const listener of [...listeners]) listener();
  };
  const drop = (id: number, struck: number): void => {
    entries.delete(id);
    past.set(id, struck);
    const oldest = past.keys().next();
    if (past.size > mostFaults && !oldest.done) past.delete(oldest.value);
  };
  const match = <K extends FaultKind>(kind: K, question: Question): { id: number; fault: FaultOf<K> } | null => {
    for (const [id, { fault }] of entries) {
      if (isOfKind(fault, kind) && meets(fault, question)) return { id, fault };
    }
    return null;
  };

  return {
    inject: (fault) => {
      const problem = faultProblem(fault);
      if (problem !== null) throw new RangeError(`cannot inject this fault: ${problem}`);
      if (entries.size >= mostFaults)
        throw new RangeError(`cannot inject this fault: ${mostFaults} are active already`);
      const id = nextId++;
      entries.set(id, { fault: { ...fault }, struck: 0 });
      changed();
      return id;
    },
    remove: (id) => {
      const entry = entries.get(id);
      if (entry === undefined) return;
      drop(id, entry.struck);
      changed();
    },
    clear: () => {
      for (const [id, entry] of [...entries]) drop(id, entry.struck);
      changed();
    },
    active: () => [...entries].map(([id, { fault, struck }]) => ({ id, fault, struck })),
    struck: (id) => entries.get(id)?.struck ?? past.get(id) ?? 0,
    find: (kind, question) => match(kind, question)?.fault ?? null,
    strike: (kind, question) => {
      const found = match(kind, question);
      if (found === null) return null;
      const entry = entries.get(found.id);
      if (entry !== undefined) {
        entry.struck += 1;
        // No `changed` here: what a used-up fault still holds back is its last strike and stays.
        if (found.fault.times !== undefined && entry.struck >= found.fault.times) drop(found.id, entry.struck);
      }
      return found.fault;
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function isOfKind<K extends FaultKind>(fault: Fault, kind: K): fault is FaultOf<K> {
  return fault.kind === kind;
}

function meets(fault: Fault, question: Question): boolean {
  if (fault.protocol !== question.protocol) return false;
  const scope = scopeOf(fault);
  if (question.on !== undefined && scope !== 'all' && scope !== question.on) return false;
  if (fault.points === undefined) return true;
  return question.points?.some((point) => fault.points?.includes(point)) ?? false;
}
