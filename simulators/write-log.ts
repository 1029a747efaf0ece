// The device's own memory of every write it received, applied or not: what tests and the fault run compare with the
// gateway's audit log ("the PLC saw nothing"). Filled by both servers; it decides nothing.
import type { DeviceProtocol, PointValue } from './plant/points.ts';

export type ReceivedWrite = {
  /** Milliseconds since 1970, when the device began to judge the write: what it shows of it, it shows from then on. */
  readonly at: number;
  readonly protocol: DeviceProtocol;
  /** Point name; for an address that is no point, the address as received. */
  readonly point: string;
  /** Engineering value as the device understood it; null where it could not be understood. */
  readonly value: PointValue | null;
  /** `ignored`: answered as done, but not done (an injected fault). */
  readonly status: 'applied' | 'refused' | 'ignored';
  /** What the device answers: `Good`, `BadOutOfRange`, `exception 3`. It may never arrive when a fault is active. */
  readonly answer: string;
  /** OPC UA request header's auditEntryId; null where none was sent, and for Modbus. */
  readonly auditEntryId: string | null;
};

export type WriteLog = {
  readonly append: (write: ReceivedWrite) => void;
  /** Oldest first; at most the newest 100,000. */
  readonly all: () => readonly ReceivedWrite[];
  /** Writes that changed, or could have changed, the device. */
  readonly applied: (point?: string) => readonly ReceivedWrite[];
  /** Received since the start, dropped ones included. */
  readonly count: () => number;
  readonly clear: () => void;
  /** Called with each write before the device answers it; returns the way out. */
  readonly onAppend: (listener: (write: ReceivedWrite) => void) => () => void;
};

const bound = 100_000;

export function createWriteLog(): WriteLog {
  let writes: ReceivedWrite[] = [];
  let count = 0;
  const listeners = new Set<(write: ReceivedWrite) => void>();
  return {
    append: (write) => {
      writes.push(write);
      count += 1;
      // Dropped in one go, now and then, so that a full log does not shift its whole array at every write.
      if (writes.length > bound * 1.1) writes = writes.slice(-bound);
      for (const listener of [...listeners]) listener(write);
    },
    all: () => writes.slice(-bound),
    applied: (point) =>
      writes
        .slice(-bound)
        .filter((write) => write.status === 'applied' && (point === undefined || write.point === point)),
    count: () => count,
    clear: () => {
      writes = [];
      count = 0;
    },
    onAppend: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
