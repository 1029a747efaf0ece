// The thread that reads blocks of a bundle: answers each with what bundle-block.ts tells of it, in the order asked. Started
// by worker-bundle-readers.ts. Knows nothing of other blocks.
import { parentPort } from 'node:worker_threads';
import { blockReader } from './bundle-block.ts';

const port = parentPort;
if (port === null) throw new Error('this file is the body of a worker: worker-bundle-readers.ts starts it');
const read = blockReader();
port.on('message', (bytes: Uint8Array<ArrayBuffer>) => {
  const block = read(bytes);
  const { ends, kinds, leaves, numbers } = block;
  port.postMessage(block, [bytes.buffer, ends.buffer, kinds.buffer, leaves.buffer, numbers.buffer]);
});
port.postMessage('ready');
