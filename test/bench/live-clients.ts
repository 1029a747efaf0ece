// Many HMI clients in a process of their own: `node test/bench/live-clients.ts URL COUNT [AREA]`. Started by the fan-out
// case for floor and product alike. Tells its parent by IPC once all are connected, and then how many frames came in all,
// each time that another COUNT came. Ends with its parent.
import { io } from 'socket.io-client';

const [url = '', countText = '', area] = process.argv.slice(2);
const count = Number(countText);
process.on('disconnect', () => process.exit(0));

/** Frames are only counted: both sides' clients do the same, and decoding is measured by no case of today. */
let received = 0;
let joined = 0;

function noteJoined(): void {
  joined += 1;
  if (joined === count) process.send?.({ joined: count });
}

for (let index = 0; index < count; index++) {
  // A manager a client: otherwise socket.io puts all of them on one connection.
  const socket = io(url, { transports: ['websocket'], forceNew: true, reconnection: false });
  socket.on('frame', () => {
    received += 1;
    if (received % count === 0) process.send?.({ received });
  });
  socket.on('disconnect', (reason) => process.send?.({ fault: `a client was disconnected: ${reason}` }));
  socket.on('lagged', () => process.send?.({ fault: 'a client was taken for slow' }));
  socket.on('connect_error', (fault) => process.send?.({ fault: `a client was not let in: ${fault.message}` }));
  socket.on('connect', () => {
    if (area === undefined) noteJoined();
    else
      socket.emit('join', { areas: [area] }, (answer: { readonly ok: boolean }) =>
        answer.ok ? noteJoined() : process.send?.({ fault: 'a client may not join the area' }),
      );
  });
}
