// Runs one driver per connection and is all that the rest of the gateway sees of them: batches in one stream, losses
// turned into samples, states of connections, reads and writes by tag. Made by main.ts.
// A connection silent for lostAfterMs turns its values bad, whatever its socket says; when its source vouches for them
// again they come back, by themselves. It never writes on its own account and keeps no write.
import { type AuthorisedWrite, proveWrite } from '../commands/gate.ts';
import type { WriteResult } from '../commands/ports.ts';
import type { ConnectionId } from '../contract/ids.ts';
import type { ConnectionView } from '../contract/tag.ts';
import type { DeviceReading, Sample, SampleBatch } from '../plant/sample.ts';
import type { Connection, Plant, Tag } from '../plant/tag.ts';
import { isSilent, type VouchGroup, Vouching } from '../plant/vouching.ts';
import type { ConnectionState, Driver, Protocol } from './driver.ts';

export type SupervisorListener = {
  /** Changed or first values, losses and returns; never twice for a tag in one batch. */
  readonly samples: (batch: SampleBatch) => void;
  readonly vouched: (tagIndexes: readonly number[], atMs: number) => void;
  readonly connection: (view: ConnectionView) => void;
};

export type SupervisorSettings = {
  readonly plant: Pick<Plant, 'connections' | 'tags'>;
  readonly protocols: readonly Protocol[];
  /** Wall clock, ms since the epoch. */
  readonly now: () => number;
  readonly dataFolder?: string | undefined;
  readonly listener: SupervisorListener;
};

type Running = {
  readonly connection: Connection;
  readonly driver: Driver;
  state: ConnectionState;
  sinceMs: number;
  error: string | null;
};

/** How often silence is looked for; a loss is told at most this much after lostAfterMs. */
export const sweepEveryMs = 250;

export class Supervisor {
  readonly #settings: SupervisorSettings;
  readonly #running = new Map<ConnectionId, Running>();
  readonly #vouching: Vouching;
  /** What each driver last said of a tag, kept apart from the loss that may have been told since. */
  readonly #said: (Sample | undefined)[];
  readonly #lost: Uint8Array;
  #sweeper: NodeJS.Timeout | undefined;

  /** Throws when a connection names a protocol that is not there: settings/ has checked it. */
  constructor(settings: SupervisorSettings) {
    this.#settings = settings;
    const { connections, tags } = settings.plant;
    this.#vouching = new Vouching(tags.length);
    this.#said = new Array<Sample | undefined>(tags.length).fill(undefined);
    this.#lost = new Uint8Array(tags.length);
    for (const connection of connections) {
      const protocol = settings.protocols.find((candidate) => candidate.name === connection.protocol);
      if (protocol === undefined) throw new TypeError(`no protocol "${connection.protocol}"`);
      const own = tags.filter((tag) => tag.connection === connection.id);
      const driver = protocol.create(
        { connection, tags: own, now: settings.now, dataFolder: settings.dataFolder },
        {
          samples: (batch) => this.#samples(batch),
          vouched: (tagIndexes, atMs) => this.#vouched(tagIndexes, atMs),
          state: (state, error) => this.#state(connection.id, state, error),
        },
      );
      this.#running.set(connection.id, {
        connection,
        driver,
        state: 'connecting',
        sinceMs: settings.now(),
        error: null,
      });
    }
  }

  /** Starts all drivers; resolves without waiting for any device. */
  async start(): Promise<void> {
    this.#sweeper = setInterval(() => this.sweep(), sweepEveryMs);
    await Promise.all([...this.#running.values()].map((running) => running.driver.start()));
  }

  /** Resolves when every socket is closed. */
  async stop(): Promise<void> {
    clearInterval(this.#sweeper);
    await Promise.all([...this.#running.values()].map((running) => running.driver.stop()));
  }

  connections(): readonly ConnectionView[] {
    return [...this.#running.values()].map(view);
  }

  /** Reads the device itself, now; bounded by `timeoutMs` and the connection's own time-out. */
  async read(tag: Tag, timeoutMs: number): Promise<DeviceReading> {
    const running = this.#running.get(tag.connection);
    if (running === undefined) return { ok: false, reason: 'device-error', detail: `${tag.id} has no connection.` };
    return running.driver.read(tag, timeoutMs);
  }

  /** Passes an authorised write to the driver of its tag; throws for anything that the gate did not make. */
  async write(write: AuthorisedWrite): Promise<WriteResult> {
    proveWrite(write);
    const running = this.#running.get(write.tag.connection);
    if (running === undefined) {
      write.take(this.#settings.now());
      return { kind: 'not-sent', detail: `Nothing was sent: ${write.tag.id} has no connection.` };
    }
    return running.driver.write(write);
  }

  /** Turns the values of silent groups bad. Runs by itself after start(); tests call it with a clock of theirs. */
  sweep(): void {
    const nowMs = this.#settings.now();
    for (const group of this.#vouching.groups()) {
      const first = this.#settings.plant.tags[group.tags[0] ?? -1];
      const running = first === undefined ? undefined : this.#running.get(first.connection);
      if (running === undefined || !isSilent(group.atMs, nowMs, running.connection.lostAfterMs)) continue;
      this.#lose(group, running, nowMs);
    }
  }

  #lose(group: VouchGroup, running: Running, nowMs: number): void {
    const reason = running.state === 'connected' ? 'no-answer' : 'connection-lost';
    const batch: Sample[] = [];
    for (const index of group.tags) {
      const said = this.#said[index];
      if (said === undefined || this.#lost[index] === 1 || this.#vouching.groupOf(index) !== group) continue;
      this.#lost[index] = 1;
      // The last value stays to be seen, never to be used: quality bad, from now on.
      if (said.quality !== 'bad') batch.push({ ...said, quality: 'bad', reason, sourceTimeMs: nowMs });
    }
    if (batch.length > 0) this.#settings.listener.samples(batch);
  }

  #samples(batch: SampleBatch): void {
    for (const sample of batch) {
      this.#said[sample.index] = sample;
      this.#lost[sample.index] = 0;
    }
    this.#settings.listener.samples(batch);
  }

  #vouched(tagIndexes: readonly number[], atMs: number): void {
    this.#vouching.vouch(tagIndexes, atMs);
    const back: Sample[] = [];
    for (const index of tagIndexes) {
      if (this.#lost[index] !== 1) continue;
      this.#lost[index] = 0;
      // The source stands by the value it last gave: it did not change while nothing was heard.
      const said = this.#said[index];
      if (said !== undefined && said.quality !== 'bad') back.push(said);
    }
    if (back.length > 0) this.#settings.listener.samples(back);
    this.#settings.listener.vouched(tagIndexes, atMs);
  }

  #state(id: ConnectionId, state: ConnectionState, error: string | null): void {
    const running = this.#running.get(id);
    if (running === undefined) return;
    if (running.state === state && running.error === error) return;
    if (running.state !== state) running.sinceMs = this.#settings.now();
    running.state = state;
    running.error = error;
    this.#settings.listener.connection(view(running));
  }
}

function view(running: Running): ConnectionView {
  return {
    id: running.connection.id,
    protocol: running.connection.protocol,
    endpoint: running.connection.endpoint,
    state: running.state,
    since: new Date(running.sinceMs).toISOString(),
    error: running.error,
  };
}
