// How a checkpoint goes to a witness: HTTP POST, bounded in time and size, no redirects (AUD-3). Made by assembly; the
// proxy variables of the environment are not heeded.
import { longestRequestBytes } from './witness-request.ts';
import type { AskWitness } from './witness-submission.ts';

/** `timeoutMs`: for the whole exchange. */
export function askWitnessOverHttp(timeoutMs: number): AskWitness {
  return async (witness, body, signal) => {
    const response = await fetch(`${witness.url.replace(/\/+$/, '')}/add-checkpoint`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      body,
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    return { status: response.status, body: await bounded(response) };
  };
}

async function bounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > longestRequestBytes)
      throw new Error(`the witness answered with more than ${longestRequestBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
