// sign-many: commands per second with 32 signers at 32 terminals, each signing one command after the other, and the event
// loop's delay meanwhile (performance.md), with and without a countersignature. Gateway and database run in processes of
// their own; this one is all the terminals, and makes statements' signatures and proofs before the time is taken.
import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type ApiAnswer, ApiClient } from '../../support/api-client.ts';
import type { BenchCase } from '../bench-case.ts';
import { argon2Verify } from '../floors/argon2-verify.ts';
import { openMemoryDevice } from '../memory-device.ts';
import { startReady } from '../ready-process.ts';
import { quantile } from '../rounds.ts';
import { scratchDatabase, withScratch } from '../scratch.ts';

const signers = 32;
/** Commands of one signer in a round, on a setpoint each: 32 at a time, without the start and end of a burst alone. */
const commandsEach = 3;
const setpoints = signers * commandsEach;
const rounds = 5;
const password = 'countersign-demo';
const delayGoalMs = 20;

type Offered = { readonly statement: unknown; readonly requires: { readonly meanings: readonly string[] } };
/** Of the gateway since it was asked before: its event loop's delay, that thread's CPU time and that of all its threads. */
type Told = { readonly p99: number; readonly longest: number; readonly loopCpuMs: number; readonly cpuMs: number };
/** A signature that only has to be sent. */
type Ready = () => Promise<ApiAnswer<{ readonly state: string }>>;

export const signMany: BenchCase = {
  name: 'sign-many',
  about: `commands per second, ${signers} signers side by side, alone and countersigned`,
  floorIs: `argon2id verifies per second (19 MiB, t=2) on ${availableParallelism()} threads, as many as the gateway gives them`,
  run: ({ progress }) =>
    withScratch(async (scratch) => {
      const { gatewayUrl } = await scratchDatabase(scratch);
      const device = await openMemoryDevice(setpoints * 4);
      scratch.atEnd(device.close);
      const data = join(scratch.folder, 'gateway');
      await mkdir(data);
      const gateway = await startReady(
        [
          'test/bench/many-signers-gateway.ts',
          ...[data, gatewayUrl, String(device.port), String(signers), String(setpoints)],
        ],
        (line) => line.startsWith('ready '),
      );
      scratch.atEnd(gateway.stop);
      const told = (): Promise<Told> =>
        new Promise((resolve) => {
          gateway.child.once('message', (message) => resolve(message as Told));
          gateway.child.send('tell');
        });
      const origin = `http://localhost:${gateway.line.slice('ready '.length)}`;
      progress(`enrolling and certifying ${signers} signers`);
      const people: ApiClient[] = [];
      for (let index = 0; index < signers; index++)
        people.push(await ApiClient.ready(origin, `signer${index}`, password));
      const personAt = (index: number): ApiClient => {
        const person = people[index % signers];
        if (person === undefined) throw new RangeError('there is no such signer');
        return person;
      };
      const each = <Made>(make: (at: number) => Promise<Made>): Promise<Made[]> =>
        Promise.all(Array.from({ length: setpoints }, (_, at) => make(at)));

      const verify = await argon2Verify();
      const rates = {
        floor: new Float64Array(rounds),
        single: new Float64Array(rounds),
        pair: new Float64Array(rounds),
      };
      const p99 = new Float64Array(rounds);
      const loopCpuMs = new Float64Array(rounds);
      let longest = 0;
      for (let index = -1; index < rounds; index++) {
        const floor = await rate(Array.from({ length: setpoints }, () => verify));
        const singles = await each((at) => readyToSign(personAt(at), at, 'SINGLE', index + 2));
        await told();
        const single = await rate(singles.map(({ send }) => confirmed(send)));
        const during = await told();
        const firsts = await each((at) => readyToSign(personAt(at), at, 'PAIR', index + 2));
        for (const { send } of firsts) await send();
        const seconds = await each((at) => readyToCountersign(personAt(at + 1), (at + 1) % signers, firsts[at]?.id));
        await told();
        const pair = await rate(seconds.map(confirmed));
        const duringPair = await told();
        // The first round warms both up.
        if (index < 0) continue;
        [rates.floor[index], rates.single[index], rates.pair[index]] = [floor, single, pair];
        p99[index] = Math.max(during.p99, duringPair.p99);
        loopCpuMs[index] = during.loopCpuMs / setpoints;
        longest = Math.max(longest, during.longest, duringPair.longest);
      }
      const middle = (values: Float64Array): number => quantile(values.sort(), 0.5);
      const floor = middle(rates.floor);
      const goal = { kind: 'at-least', limit: 0.8 } as const;
      return {
        measurements: [
          { measure: 'commands', product: middle(rates.single), floor, unit: 'per s', goal },
          { measure: 'countersigned', product: middle(rates.pair), floor, unit: 'per s', goal },
          {
            measure: 'event loop p99',
            product: middle(p99),
            floor: delayGoalMs,
            unit: 'ms',
            goal: { kind: 'at-most', limit: 1 },
          },
        ],
        note: `${rounds} rounds of ${setpoints} commands on as many setpoints, ${signers} at a time; countersigned: the second signature, its command carried out with it; the floor of the event loop’s delay is the limit allowed; longest delay ${longest.toFixed(1)} ms; CPU time of the event loop ${middle(loopCpuMs).toFixed(1)} ms a command`,
      };
    }),
};

/** How many of them are done a second, as many at a time as there are signers. */
async function rate(work: readonly (() => Promise<void>)[]): Promise<number> {
  const startedMs = performance.now();
  const signer = async (first: number): Promise<void> => {
    for (let at = first; at < work.length; at += signers) await work[at]?.();
  };
  await Promise.all(Array.from({ length: signers }, (_, first) => signer(first)));
  return work.length / ((performance.now() - startedMs) / 1000);
}

async function readyToSign(
  person: ApiClient,
  at: number,
  kind: 'SINGLE' | 'PAIR',
  value: number,
): Promise<{ readonly id: string; readonly send: Ready }> {
  const tag = `${kind}.${at}`;
  const asked = (await untilAsked(person, tag, value)).body as unknown as Offered & { readonly id: string };
  return { id: asked.id, send: await ready(person, at % signers, asked.id, asked) };
}

async function readyToCountersign(person: ApiClient, signer: number, id: string | undefined): Promise<Ready> {
  if (id === undefined) throw new RangeError('there is no such command');
  const offer = await person.post<Offered>(`/commands/${id}/statements`, {});
  if (offer.status !== 200) throw new Error(`no statement to countersign: ${JSON.stringify(offer.body)}`);
  return ready(person, signer, id, offer.body);
}

async function ready(person: ApiClient, signer: number, id: string, offered: Offered): Promise<Ready> {
  const name = `signer${signer}`;
  const path = `/commands/${id}/signatures`;
  const statement = await person.signStatement(offered.statement, {
    signer: name,
    meaning: offered.requires.meanings[0] ?? '',
    reasonCode: 'bench',
  });
  const body = { statement, username: name, password };
  const proof = await person.proof('POST', `/api/v1${path}`, JSON.stringify(body));
  return () => person.post<{ readonly state: string }>(path, body, { proof, once: true });
}

function confirmed(send: Ready): () => Promise<void> {
  return async () => {
    const answer = await send();
    if (answer.body.state !== 'confirmed')
      throw new Error(`not confirmed: ${JSON.stringify(answer.body).slice(0, 1400)}`);
  };
}

/** The gateway's screen may show the value before for a poll's time yet. */
async function untilAsked(person: ApiClient, tag: string, value: number): Promise<ApiAnswer> {
  const endMs = performance.now() + 30_000;
  for (;;) {
    const answer = await person.ask(tag, value);
    if (answer.status === 201) return answer;
    if (performance.now() > endMs) throw new Error(`asking for ${tag}: ${JSON.stringify(answer.body)}`);
    await new Promise((next) => setTimeout(next, 50));
  }
}
