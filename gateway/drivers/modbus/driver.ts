// The Modbus TCP driver: polls its tags in few requests, reads and writes single points on demand (DRV-3, DRV-4).
// Made by modbus/protocol.ts for the supervisor. It polls and reads on its own account; it writes only what the gate
// authorised, once, on the connection that is open at that moment, and never repeats a request.
import { setTimeout as sleep } from 'node:timers/promises';
import { type AuthorisedWrite, proveWrite } from '../../commands/gate.ts';
import type { WriteResult } from '../../commands/ports.ts';
import type { DeviceReading, Sample } from '../../plant/sample.ts';
import type { Tag } from '../../plant/tag.ts';
import type { Driver, DriverListener, DriverSettings } from '../driver.ts';
import { toDeviceRaw } from '../engineering-value.ts';
import { Reconnecting } from '../reconnecting.ts';
import { hostAndPort, lengthOf, type ModbusAddress, type ModbusOptions } from './address.ts';
import { encodeRegisters } from './codec.ts';
import { badSample, decodeReply, type Reply } from './decode-reply.ts';
import { exceptionName, leavesWriteOpen, mayBeOnePoint } from './exceptions.ts';
import { type Exchange, ModbusLink } from './link.ts';
import { apart, type Point, planReads, type ReadRequest } from './plan.ts';

/** A point that the device refuses is asked for again after this long, so that it costs little and may recover. */
const refusedAgainAfterMs = 10_000;

type Block = { readonly request: ReadRequest; readonly tags: readonly number[]; notBeforeMs: number };

export class ModbusDriver implements Driver {
  readonly #options: ModbusOptions;
  readonly #listener: DriverListener;
  readonly #now: () => number;
  readonly #tags = new Map<number, { readonly tag: Tag; readonly address: ModbusAddress }>();
  readonly #connection: Reconnecting<ModbusLink>;
  /** The last sample of each tag on this connection: only changes are told on. */
  #told = new Map<number, Sample>();

  constructor(
    settings: DriverSettings,
    options: ModbusOptions,
    addressOf: (tag: Tag) => ModbusAddress,
    listener: DriverListener,
  ) {
    this.#options = options;
    this.#listener = listener;
    this.#now = settings.now;
    for (const tag of settings.tags) this.#tags.set(tag.index, { tag, address: addressOf(tag) });
    this.#connection = new Reconnecting({ open: (signal) => this.#open(signal), state: listener.state });
  }

  async start(): Promise<void> {
    this.#connection.start();
  }

  stop(): Promise<void> {
    return this.#connection.stop();
  }

  async read(tag: Tag, timeoutMs: number): Promise<DeviceReading> {
    const link = this.#connection.current;
    const own = this.#tags.get(tag.index);
    if (own === undefined) return { ok: false, reason: 'device-error', detail: `${tag.id} is not on this connection.` };
    if (link === null) return { ok: false, reason: 'connection-lost', detail: 'The device is not connected.' };
    const request = requestFor(own.address, tag.index);
    const { promise: late, resolve: tooLate } = Promise.withResolvers<null>();
    const timer = setTimeout(tooLate, timeoutMs, null);
    // The answer to a read that nobody waits for any more still belongs to that read, and is dropped with it.
    const result = await Promise.race([exchangeRead(link, request, true), late]).finally(() => clearTimeout(timer));
    if (result === null) {
      return { ok: false, reason: 'no-answer', detail: `The device did not answer within ${timeoutMs} ms.` };
    }
    if (result.kind === 'answer') {
      const readAtMs = this.#now();
      return { ok: true, sample: decodeReply(tag, own.address, result.value, readAtMs), readAtMs };
    }
    if (result.kind === 'exception') {
      return { ok: false, reason: 'device-error', detail: `The device answered ${exceptionName(result.code)}.` };
    }
    return { ok: false, reason: 'no-answer', detail: `The device could not be read: ${result.detail}.` };
  }

  async write(write: AuthorisedWrite): Promise<WriteResult> {
    proveWrite(write);
    const { tag } = write;
    const link = this.#connection.current;
    if (link === null) {
      write.take(this.#now());
      return { kind: 'not-sent', detail: 'The device is not connected.' };
    }
    let notSent = 'the write had expired or was used before';
    let written = true;
    const result = await link.exchange<boolean>(true, (client) => {
      const taken = write.take(this.#now());
      if (taken === null) return null;
      const address = this.#tags.get(tag.index)?.address;
      if (address === undefined) {
        notSent = `${tag.id} is not on this connection`;
        return null;
      }
      const raw = toDeviceRaw(tag, taken.value);
      if (!raw.ok) {
        notSent = raw.detail;
        return null;
      }
      if (address.table === 'coil') {
        const state = raw.raw;
        if (typeof state !== 'boolean') {
          notSent = 'a coil takes true or false';
          return null;
        }
        return client.writeCoil(address.register, state).then((echo) => echo.state === state);
      }
      const registers = address.type === 'bool' ? null : encodeRegisters(address, raw.raw);
      if (address.table !== 'holding' || registers === null) {
        notSent = 'the address cannot hold this value';
        return null;
      }
      const [only, ...more] = registers;
      if (only !== undefined && more.length === 0) {
        return client.writeRegister(address.register, only).then((echo) => echo.value === only);
      }
      return client
        .writeRegisters(address.register, registers)
        .then((echo) => echo.address === address.register && echo.length === registers.length);
    });
    // A write that was still waiting when the link ended must not stay usable.
    if (result.kind === 'not-sent') write.take(this.#now());
    else if (result.kind === 'answer') written = result.value;
    return writeResult(result, written, notSent);
  }

  async #open(signal: AbortSignal): Promise<ModbusLink> {
    const { host, port } = hostAndPort(this.#options.endpoint);
    const link = await ModbusLink.open({ ...this.#options, host, port }, signal);
    this.#told = new Map();
    let blocks: Block[] = planReads(points(this.#tags), this.#options.maxGapRegisters).map(asBlock);
    try {
      // A socket alone proves little: connected means that the device has answered.
      blocks = await this.#poll(link, blocks);
      if (!link.alive) throw new Error(await link.ended);
    } catch (error) {
      await link.close();
      throw error;
    }
    void this.#pollOn(link, blocks);
    return link;
  }

  /** Polls until the link ends; a cycle begins when its time has come and the one before has finished. */
  async #pollOn(link: ModbusLink, first: Block[]): Promise<void> {
    const ended = new AbortController();
    void link.ended.then(() => ended.abort());
    let blocks = first;
    let next = performance.now() + this.#options.pollIntervalMs;
    while (link.alive) {
      await sleep(Math.max(0, next - performance.now()), undefined, { signal: ended.signal }).catch(() => undefined);
      if (!link.alive) return;
      next = Math.max(next + this.#options.pollIntervalMs, performance.now());
      blocks = await this.#poll(link, blocks);
    }
  }

  /** One cycle; answers with the blocks of the next one. */
  async #poll(link: ModbusLink, blocks: readonly Block[]): Promise<Block[]> {
    const now = this.#now();
    const next = await Promise.all(
      blocks.map(async (block): Promise<readonly Block[]> => {
        if (block.notBeforeMs > now) return [block];
        const result = await exchangeRead(link, block.request, false);
        if (result.kind === 'answer') {
          this.#tell(block.tags, result.value);
        } else if (result.kind === 'exception') {
          if (block.tags.length > 1 && mayBeOnePoint(result.code)) return apart(block.request).map(asBlock);
          this.#tellBad(block.tags);
          block.notBeforeMs = this.#now() + (mayBeOnePoint(result.code) ? refusedAgainAfterMs : 0);
        }
        return [block];
      }),
    );
    return next.flat();
  }

  #tell(tags: readonly number[], reply: Reply): void {
    const atMs = this.#now();
    const batch: Sample[] = [];
    for (const index of tags) {
      const own = this.#tags.get(index);
      if (own === undefined) continue;
      this.#addChange(batch, decodeReply(own.tag, own.address, reply, atMs));
    }
    if (batch.length > 0) this.#listener.samples(batch);
    this.#listener.vouched(tags, atMs);
  }

  #tellBad(tags: readonly number[]): void {
    const atMs = this.#now();
    const batch: Sample[] = [];
    for (const index of tags) this.#addChange(batch, badSample(index, 'device-error', atMs));
    if (batch.length > 0) this.#listener.samples(batch);
  }

  #addChange(batch: Sample[], sample: Sample): void {
    const before = this.#told.get(sample.index);
    if (before !== undefined && before.value === sample.value && before.reason === sample.reason) return;
    this.#told.set(sample.index, sample);
    batch.push(sample);
  }
}

function asBlock(request: ReadRequest): Block {
  return { request, tags: request.points.map((point) => point.tag), notBeforeMs: 0 };
}

function points(tags: ReadonlyMap<number, { readonly address: ModbusAddress }>): Point[] {
  return [...tags].map(([tag, { address }]) => ({ tag, ...place(address) }));
}

function place(address: ModbusAddress): Omit<Point, 'tag'> {
  return { table: address.table, register: address.register, length: lengthOf(address) };
}

function requestFor(address: ModbusAddress, tag: number): ReadRequest {
  return { ...place(address), points: [{ tag, ...place(address) }] };
}

function exchangeRead(link: ModbusLink, request: ReadRequest, urgent: boolean): Promise<Exchange<Reply>> {
  const { table, register, length } = request;
  return link.exchange(urgent, async (client) => {
    switch (table) {
      case 'holding':
        return { register, bits: null, words: (await client.readHoldingRegisters(register, length)).data };
      case 'input':
        return { register, bits: null, words: (await client.readInputRegisters(register, length)).data };
      case 'coil':
        return { register, words: null, bits: (await client.readCoils(register, length)).data };
      case 'discrete':
        return { register, words: null, bits: (await client.readDiscreteInputs(register, length)).data };
    }
  });
}

function writeResult(result: Exchange<boolean>, echoed: boolean, notSent: string): WriteResult {
  switch (result.kind) {
    case 'answer':
      return echoed
        ? { kind: 'written', status: 'acknowledged' }
        : { kind: 'unknown', detail: 'The device acknowledged something other than what was sent.' };
    case 'exception': {
      const status = exceptionName(result.code);
      return leavesWriteOpen(result.code)
        ? { kind: 'unknown', detail: `The device answered ${status}: it does not say whether the value was taken.` }
        : { kind: 'rejected', status, detail: `The device refused the value: ${status}.` };
    }
    case 'not-sent':
      return {
        kind: 'not-sent',
        detail: `Nothing was sent: ${result.detail === 'it was withdrawn before its turn' ? notSent : result.detail}.`,
      };
    case 'no-answer':
      return { kind: 'unknown', detail: `The value was sent and the answer is missing: ${result.detail}.` };
  }
}
