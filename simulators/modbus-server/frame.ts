// Modbus TCP framing (MBAP, Modbus Messaging on TCP/IP Implementation Guide V1.0b, 3.1.3): cuts a byte stream into
// requests, several at once where a client pipelines, and wraps answers. Called by server.ts; knows no function codes.

export type ModbusFrame = {
  readonly transactionId: number;
  readonly unit: number;
  /** Function code and data, 1 to 253 bytes. */
  readonly pdu: Buffer;
};

export type FrameReader = {
  /** Takes what a socket delivered; returns the complete frames, or null when the stream cannot be Modbus. */
  readonly push: (chunk: Buffer) => ModbusFrame[] | null;
};

const headerLength = 7;
/** Unit identifier plus the largest PDU. */
const largestLengthField = 254;

/** Holds at most one incomplete frame (260 bytes) between calls. */
export function createFrameReader(): FrameReader {
  let rest = Buffer.alloc(0);
  return {
    push: (chunk) => {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const frames: ModbusFrame[] = [];
      let at = 0;
      while (bytes.length - at >= headerLength) {
        const protocolId = bytes.readUInt16BE(at + 2);
        const length = bytes.readUInt16BE(at + 4);
        if (protocolId !== 0 || length < 2 || length > largestLengthField) return null;
        const end = at + 6 + length;
        if (bytes.length < end) break;
        frames.push({
          transactionId: bytes.readUInt16BE(at),
          unit: bytes.readUInt8(at + 6),
          pdu: Buffer.from(bytes.subarray(at + headerLength, end)),
        });
        at = end;
      }
      rest = Buffer.from(bytes.subarray(at));
      return frames;
    },
  };
}

export function wrapAnswer(transactionId: number, unit: number, pdu: Buffer): Buffer {
  const header = Buffer.alloc(headerLength);
  header.writeUInt16BE(transactionId, 0);
  header.writeUInt16BE(pdu.length + 1, 4);
  header.writeUInt8(unit, 6);
  return Buffer.concat([header, pdu]);
}
