// Floor: the same bytes broadcast through bare socket.io, WebSocket only, one room: no tag store, no encoding, no rights.
import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { listen } from '../listening.ts';

export type BareBroadcast = {
  readonly url: string;
  readonly broadcast: (frame: Uint8Array) => void;
  readonly close: () => Promise<void>;
};

export async function openBareBroadcast(): Promise<BareBroadcast> {
  const server = createServer();
  const io = new Server(server, { transports: ['websocket'], serveClient: false });
  io.on('connection', (socket) => void socket.join('area'));
  return {
    url: await listen(server),
    broadcast: (frame) => {
      io.to('area').emit('frame', frame);
    },
    close: () => io.close(),
  };
}
