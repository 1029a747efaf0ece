// A Modbus TCP device of holding registers in memory, for a bench that is about signing and not about the device. It reads
// (FC 3) and writes (FC 16), and answers at once.
import { createServer } from 'node:net';

/** Resolves with its loopback port. */
export async function openMemoryDevice(
  registers: number,
): Promise<{ readonly port: number; readonly close: () => Promise<void> }> {
  const memory = Buffer.alloc(registers * 2);
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    let pending: Buffer = Buffer.alloc(0);
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      pending = Buffer.concat([pending, chunk]);
      while (pending.length >= 7 && pending.length >= 6 + pending.readUInt16BE(4)) {
        const end = 6 + pending.readUInt16BE(4);
        const frame = pending.subarray(0, end);
        pending = pending.subarray(end);
        const answer = answerTo(frame.subarray(7), memory);
        const header = Buffer.from(frame.subarray(0, 7));
        header.writeUInt16BE(answer.length + 1, 4);
        socket.write(Buffer.concat([header, answer]));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the device got no port');
  return {
    port: address.port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function answerTo(pdu: Buffer, memory: Buffer): Buffer {
  const code = pdu.readUInt8(0);
  const from = pdu.readUInt16BE(1) * 2;
  const length = pdu.readUInt16BE(3) * 2;
  if (from + length > memory.length) return Buffer.from([code | 0x80, 2]);
  if (code === 3) return Buffer.concat([Buffer.from([3, length]), memory.subarray(from, from + length)]);
  if (code !== 16) return Buffer.from([code | 0x80, 1]);
  pdu.copy(memory, from, 6, 6 + length);
  return pdu.subarray(0, 5);
}
