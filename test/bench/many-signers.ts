// Many signers at the gateway of many-signers-gateway.ts, over a Modbus device in this process: what the cases sign-many
// and sign-countersigned need to have signatures ready that only have to be sent. Lives outside the gateway's process.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type ApiAnswer, ApiClient } from '../support/api-client.ts';
import { openMemoryDevice } from './memory-device.ts';
import { startReady } from './ready-process.ts';
import { type Scratch, scratchDatabase } from './scratch.ts';

const password = 'countersign-demo';

type Offered = { readonly statement: unknown; readonly requires: { readonly meanings: readonly string[] } };
/** Of the gateway since it was asked before: its event loop's delay, that thread's CPU time and that of all its threads. */
export type Told = {
  readonly p99: number;
  readonly longest: number;
  readonly loopCpuMs: number;
  readonly cpuMs: number;
};
/** Sends a signature whose statement and proof were made before; rejects unless the command ends as confirmed. */
export type Send = () => Promise<void>;

export type ManySigners = {
  readonly devicePort: number;
  readonly ownerUrl: string;
  readonly told: () => Promise<Told>;
  /** `value` on setpoint `at`, asked for; signed by one person, whose signature carries it out. */
  readonly single: (at: number, value: number) => Promise<Send>;
  /** The same under a policy that asks for two: signed by one person; what is sent is the next one's signature. */
  readonly pair: (at: number, value: number) => Promise<Send>;
};

/** As many setpoints of each kind; person `at` modulo `signers` asks for setpoint `at`. */
export async function openManySigners(
  scratch: Scratch,
  signers: number,
  setpoints: number,
  progress: (line: string) => void,
): Promise<ManySigners> {
  const { ownerUrl, gatewayUrl } = await scratchDatabase(scratch);
  // Two registers a setpoint, both kinds, and two more for a floor.
  const device = await openMemoryDevice(setpoints * 4 + 2);
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
  const origin = `http://localhost:${gateway.line.slice('ready '.length)}`;
  progress(`enrolling and certifying ${signers} signers`);
  const people: ApiClient[] = [];
  for (let index = 0; index < signers; index++) people.push(await ApiClient.ready(origin, `signer${index}`, password));
  const personAt = (at: number): { readonly client: ApiClient; readonly name: string } => {
    const client = people[at % signers];
    if (client === undefined) throw new RangeError('there is no such signer');
    return { client, name: `signer${at % signers}` };
  };

  async function asked(at: number, tag: string, value: number) {
    const { client } = personAt(at);
    const answer = await untilAsked(client, tag, value);
    return answer.body as unknown as Offered & { readonly id: string };
  }

  async function ready(at: number, id: string, { statement, requires }: Offered, state: string): Promise<Send> {
    const { client, name } = personAt(at);
    const path = `/commands/${id}/signatures`;
    const signed = await client.signStatement(statement, {
      signer: name,
      meaning: requires.meanings[0] ?? '',
      reasonCode: 'bench',
    });
    const body = { statement: signed, username: name, password };
    const proof = await client.proof('POST', `/api/v1${path}`, JSON.stringify(body));
    return async () => {
      const answer = await client.post<{ readonly state: string }>(path, body, { proof, once: true });
      let { body: command } = answer;
      // On a machine with more to do the outcome may take longer than its answer waits for.
      const endMs = performance.now() + 60_000;
      while ((command.state === 'accepted' || command.state === 'written') && performance.now() < endMs) {
        await new Promise((next) => setTimeout(next, 50));
        command = (await client.get<{ readonly state: string }>(`/commands/${id}`)).body;
      }
      if (command.state !== state)
        throw new Error(`not ${state}: ${answer.status} ${JSON.stringify(command).slice(0, 1000)}`);
    };
  }

  return {
    devicePort: device.port,
    ownerUrl,
    told: () =>
      new Promise((resolve) => {
        gateway.child.once('message', (message) => resolve(message as Told));
        gateway.child.send('tell');
      }),
    single: async (at, value) => {
      const command = await asked(at, `SINGLE.${at}`, value);
      return ready(at, command.id, command, 'confirmed');
    },
    pair: async (at, value) => {
      const command = await asked(at, `PAIR.${at}`, value);
      const first = await ready(at, command.id, command, 'awaiting-countersignature');
      await first();
      const offer = await personAt(at + 1).client.post<Offered>(`/commands/${command.id}/statements`, {});
      if (offer.status !== 200) throw new Error(`no statement to countersign: ${JSON.stringify(offer.body)}`);
      return ready(at + 1, command.id, offer.body, 'confirmed');
    },
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
