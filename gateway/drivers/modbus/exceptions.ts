// Modbus exception codes (Modbus Application Protocol V1.1b3, 7) in words, and what each says of a write.

const names: Readonly<Record<number, string>> = {
  1: 'illegal function',
  2: 'illegal data address',
  3: 'illegal data value',
  4: 'server device failure',
  5: 'acknowledge',
  6: 'server device busy',
  7: 'negative acknowledge',
  8: 'memory parity error',
  10: 'gateway path unavailable',
  11: 'gateway target device failed to respond',
};

export function exceptionName(code: number): string {
  return `Modbus exception ${code} (${names[code] ?? 'not in the standard'})`;
}

/**
 * True when the exception does not tell whether the device will hold, or holds, the new value: 5 means that it is still
 * at work on it, 11 that a gateway passed the request on and heard nothing.
 */
export function leavesWriteOpen(code: number): boolean {
  return code === 5 || code === 11;
}

/** True when a block may be refused for one of its points only, so that reading them apart can help. */
export function mayBeOnePoint(code: number): boolean {
  return code === 2 || code === 3 || code === 4;
}
