// Modbus requests (Modbus Application Protocol V1.1b3, chapter 6): function codes 1 to 6, 15, 16 and 22, with the checks
// that the specification asks of a server before it looks at its data. Called by server.ts.

export type Table = 'coil' | 'discrete' | 'holding' | 'input';

export type ModbusRequest =
  | {
      readonly kind: 'read-bits';
      readonly table: 'coil' | 'discrete';
      readonly address: number;
      readonly count: number;
    }
  | {
      readonly kind: 'read-registers';
      readonly table: 'holding' | 'input';
      readonly address: number;
      readonly count: number;
    }
  | { readonly kind: 'write-bits'; readonly table: 'coil'; readonly address: number; readonly bits: readonly boolean[] }
  | {
      readonly kind: 'write-registers';
      readonly table: 'holding';
      readonly address: number;
      readonly words: readonly number[];
    }
  | {
      readonly kind: 'mask-register';
      readonly table: 'holding';
      readonly address: number;
      readonly andMask: number;
      readonly orMask: number;
    };

export const illegalFunction = 1;
export const illegalAddress = 2;
export const illegalValue = 3;
export const gatewayTargetFailed = 0x0b;

/** The request, or the exception code that answers it. */
export function parseRequest(pdu: Buffer): ModbusRequest | { readonly kind: 'exception'; readonly code: number } {
  const bad = { kind: 'exception', code: illegalValue } as const;
  const functionCode = pdu.readUInt8(0);
  if (![1, 2, 3, 4, 5, 6, 15, 16, 22].includes(functionCode)) return { kind: 'exception', code: illegalFunction };
  if (pdu.length < 5) return bad;
  const address = pdu.readUInt16BE(1);
  const second = pdu.readUInt16BE(3);
  const hasData = functionCode === 15 || functionCode === 16;
  if (hasData ? pdu.length < 7 || pdu.length !== 6 + pdu.readUInt8(5) : pdu.length !== (functionCode === 22 ? 7 : 5))
    return bad;
  switch (functionCode) {
    case 1:
    case 2:
      if (second < 1 || second > 2000) return bad;
      return { kind: 'read-bits', table: functionCode === 1 ? 'coil' : 'discrete', address, count: second };
    case 3:
    case 4:
      if (second < 1 || second > 125) return bad;
      return { kind: 'read-registers', table: functionCode === 3 ? 'holding' : 'input', address, count: second };
    case 5:
      if (second !== 0x0000 && second !== 0xff00) return bad;
      return { kind: 'write-bits', table: 'coil', address, bits: [second === 0xff00] };
    case 6:
      return { kind: 'write-registers', table: 'holding', address, words: [second] };
    case 15: {
      if (second < 1 || second > 1968 || pdu.readUInt8(5) !== Math.ceil(second / 8)) return bad;
      const bits = Array.from({ length: second }, (_, i) => ((pdu.readUInt8(6 + (i >> 3)) >> (i & 7)) & 1) === 1);
      return { kind: 'write-bits', table: 'coil', address, bits };
    }
    case 16: {
      if (second < 1 || second > 123 || pdu.readUInt8(5) !== second * 2) return bad;
      const words = Array.from({ length: second }, (_, i) => pdu.readUInt16BE(6 + 2 * i));
      return { kind: 'write-registers', table: 'holding', address, words };
    }
    default:
      return { kind: 'mask-register', table: 'holding', address, andMask: second, orMask: pdu.readUInt16BE(5) };
  }
}

export function exceptionPdu(functionCode: number, code: number): Buffer {
  return Buffer.from([(functionCode | 0x80) & 0xff, code]);
}

export function bitsPdu(functionCode: number, bits: readonly boolean[]): Buffer {
  const bytes = Buffer.alloc(Math.ceil(bits.length / 8));
  bits.forEach((bit, i) => {
    if (bit) bytes.writeUInt8(bytes.readUInt8(i >> 3) | (1 << (i & 7)), i >> 3);
  });
  return Buffer.concat([Buffer.from([functionCode, bytes.length]), bytes]);
}

export function registersPdu(functionCode: number, words: readonly number[]): Buffer {
  const bytes = Buffer.alloc(2 * words.length);
  words.forEach((word, i) => {
    bytes.writeUInt16BE(word, 2 * i);
  });
  return Buffer.concat([Buffer.from([functionCode, bytes.length]), bytes]);
}
