import { createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type AuthorisedWrite, AuthorisedWrite as GateWrite } from '../../../gateway/commands/gate.ts';
import type { Driver } from '../../../gateway/drivers/driver.ts';
import { modbus } from '../../../gateway/drivers/modbus/protocol.ts';
import { Supervisor } from '../../../gateway/drivers/supervisor.ts';
import type { Tag } from '../../../gateway/plant/tag.ts';
import { floatOf, readRegisters, startTestPlant, type TestPlant } from '../../support/plant.ts';
import { patienceMs, until } from '../../support/until.ts';
import { connectionWith, Heard, tagAt } from './test-tags.ts';
import { throughGate } from './through-gate.ts';

const setpoint = tagAt(0, 'WFI.TIC.SP', { table: 'holding', register: 0, type: 'float32' });
const flow = tagAt(
  1,
  'WFI.FIC.SP',
  { table: 'holding', register: 2, type: 'uint16' },
  { dataType: 'uint16', scaling: { factor: 0.01, offset: 0 } },
);
const conductivity = tagAt(2, 'WFI.COND.PV', { table: 'input', register: 4, type: 'float32', wordOrder: 'low-first' });
const pump = tagAt(3, 'WFI.PUMP.CMD', { table: 'coil', register: 0 }, { dataType: 'bool' });
const running = tagAt(4, 'WFI.PUMP.RUN', { table: 'discrete', register: 0 }, { dataType: 'bool' });
const seconds = tagAt(5, 'WFI.SECONDS', { table: 'input', register: 10, type: 'uint32' }, { dataType: 'uint32' });
/** No device register is there: the block that it lies in is refused as a whole. */
const absent = tagAt(6, 'ABSENT', { table: 'input', register: 19, type: 'uint16' }, { dataType: 'uint16' });
const tags = [setpoint, flow, conductivity, pump, running, seconds, absent];

let plant: TestPlant;
const drivers: Driver[] = [];

beforeAll(async () => {
  plant = await startTestPlant({ opcua: false });
});
afterEach(async () => {
  plant.faults.clear();
  await Promise.all(drivers.splice(0).map((driver) => driver.stop()));
});
afterAll(() => plant?.close());

async function startDriver(
  change: { readonly options?: object; readonly tags?: readonly Tag[]; readonly endpoint?: string } = {},
): Promise<{ readonly driver: Driver; readonly heard: Heard }> {
  const heard = new Heard();
  const options = modbus.connectionSchema.parse({
    endpoint: change.endpoint ?? plant.modbusEndpoint,
    pollIntervalMs: 20,
    // Far above what an answer takes: where a time-out is the subject, the test sets its own.
    requestTimeoutMs: 5_000,
    ...change.options,
  });
  const own = (change.tags ?? tags).map((tag) => ({ ...tag, address: modbus.addressSchema.parse(tag.address) }));
  const driver = modbus.create({ connection: connectionWith('modbus', options), tags: own, now: Date.now }, heard);
  drivers.push(driver);
  await driver.start();
  return { driver, heard };
}

const soonSilent = { requestTimeoutMs: 300 };
const write = (driver: Driver, tag: Tag, value: number | boolean) =>
  throughGate(tag, value, (authorised) => driver.write(authorised)).then(({ result }) => result);

describe('the Modbus driver over a real socket', () => {
  it('DRV-4: decodes each type, word order and scaling as the device means it', async () => {
    const { heard } = await startDriver();
    await until(() => heard.latest(absent) !== undefined && heard.latest(seconds) !== undefined, 'all tags are read');
    expect(heard.latest(setpoint)).toMatchObject({ value: 80, quality: 'good', reason: 'none' });
    expect(heard.latest(flow)?.value).toBe(12);
    expect(heard.latest(conductivity)?.value).toBeCloseTo(0.6, 1);
    expect(heard.latest(pump)?.value).toBe(true);
    expect(heard.latest(running)?.value).toBe(true);
    expect(heard.states).toEqual(['connecting', 'connected']);
  });

  it('DRV-3: an address that the device refuses is bad, and its neighbours in the block are not', async () => {
    const { heard } = await startDriver();
    await until(() => heard.latest(absent) !== undefined && heard.latest(seconds) !== undefined, 'the block was split');
    expect(heard.latest(absent)).toMatchObject({ value: null, quality: 'bad', reason: 'device-error' });
    expect(heard.latest(conductivity)?.quality).toBe('good');
    expect(heard.latest(seconds)?.quality).toBe('good');
    expect(heard.vouchings.some(({ tags: vouched }) => vouched.includes(absent.index))).toBe(false);
  });

  it('DRV-5: a steady value is told once and vouched for at every poll', async () => {
    const { heard } = await startDriver({ tags: [setpoint] });
    await until(() => heard.vouchings.length >= 5, 'five polls');
    expect(heard.batches.flat().filter((sample) => sample.index === setpoint.index)).toHaveLength(1);
    expect(new Set(heard.vouchings.map((vouching) => vouching.tags)).size).toBe(1);
  });

  it('DRV-4: a direct read asks the device after the call, not the last poll', async () => {
    const { driver, heard } = await startDriver({ options: { pollIntervalMs: 3_600_000 }, tags: [flow] });
    await until(() => heard.latest(flow)?.value === 12, 'the first poll');
    plant.plant.write('WFI.FIC.SP', 13.5);
    const reading = await driver.read({ ...flow }, patienceMs);
    expect(reading).toMatchObject({ ok: true, sample: { value: 13.5, quality: 'good' } });
    expect(heard.latest(flow)?.value).toBe(12);
    plant.plant.write('WFI.FIC.SP', 12);
  });

  it('DRV-3: writes registers and coils, and the device holds what was written', async () => {
    const { driver, heard } = await startDriver();
    await until(() => heard.states.at(-1) === 'connected', 'connected');
    plant.writes.clear();
    expect(await write(driver, setpoint, 81.5)).toEqual({ kind: 'written', status: 'acknowledged' });
    expect(floatOf(await readRegisters(plant.modbusPort, 'holding', 0, 2))).toBe(81.5);
    expect(await write(driver, flow, 11.25)).toMatchObject({ kind: 'written' });
    expect(await readRegisters(plant.modbusPort, 'holding', 2, 1)).toEqual([1125]);
    expect(await write(driver, pump, false)).toMatchObject({ kind: 'written' });
    expect(plant.writes.all().map(({ point, value, status }) => [point, value, status])).toEqual([
      ['WFI.TIC.SP', 81.5, 'applied'],
      ['WFI.FIC.SP', 11.25, 'applied'],
      ['WFI.PUMP.CMD', false, 'applied'],
    ]);
    await until(() => heard.latest(setpoint)?.value === 81.5, 'the poll shows it');
    await write(driver, pump, true);
  });

  it('CMD-5: a refused value is rejected, with the exception by number and name', async () => {
    const { driver, heard } = await startDriver();
    await until(() => heard.states.at(-1) === 'connected', 'connected');
    expect(await write(driver, setpoint, 99)).toMatchObject({
      kind: 'rejected',
      status: 'Modbus exception 3 (illegal data value)',
    });
  });

  it('CMD-5: exceptions that leave it open whether the value was taken are unknown, not rejected', async () => {
    const { driver, heard } = await startDriver();
    await until(() => heard.states.at(-1) === 'connected', 'connected');
    for (const code of [5, 11]) {
      plant.faults.inject({ kind: 'exception', protocol: 'modbus', code, on: 'writes', times: 1 });
      expect((await write(driver, setpoint, 82)).kind).toBe('unknown');
    }
  });

  it('CMD-5: a write that gets no answer is unknown, is sent once and never again', async () => {
    const { driver, heard } = await startDriver({ options: soonSilent });
    await until(() => heard.states.at(-1) === 'connected', 'connected');
    plant.writes.clear();
    plant.faults.inject({ kind: 'never-answer', protocol: 'modbus', on: 'writes', when: 'after-apply', times: 1 });
    expect((await write(driver, setpoint, 78)).kind).toBe('unknown');
    await until(() => heard.states.join().endsWith('lost,connected'), 'reconnected');
    const polls = heard.vouchings.length;
    await until(() => heard.vouchings.length > polls + 5, 'polls go on');
    expect(plant.writes.all().map((seen) => seen.value)).toEqual([78]);
  });

  it('CMD-5: a connection dropped under a write is unknown, and reconnecting does not write', async () => {
    const { driver, heard } = await startDriver();
    await until(() => heard.states.at(-1) === 'connected', 'connected');
    plant.writes.clear();
    plant.faults.inject({ kind: 'drop-connection', protocol: 'modbus', on: 'writes', when: 'before-apply', times: 1 });
    expect((await write(driver, setpoint, 77)).kind).toBe('unknown');
    await until(() => heard.states.join().endsWith('lost,connected'), 'reconnected');
    const polls = heard.vouchings.length;
    await until(() => heard.vouchings.length > polls + 5, 'polls go on');
    expect(plant.writes.applied()).toEqual([]);
  });

  it('SIG-1: an authorised write is good for one use, also after a refusal to send', async () => {
    const { driver, heard } = await startDriver();
    await until(() => heard.states.at(-1) === 'connected', 'connected');
    plant.writes.clear();
    let kept: AuthorisedWrite | undefined;
    await throughGate(setpoint, 79, (authorised) => {
      kept = authorised;
      return driver.write(authorised);
    });
    if (kept === undefined) throw new Error('no write');
    expect(await driver.write(kept)).toMatchObject({ kind: 'not-sent' });
    expect(plant.writes.count()).toBe(1);

    const unconnected = await startDriver({ endpoint: 'tcp://127.0.0.1:1' });
    const { result } = await throughGate(setpoint, 78.5, async (authorised) => {
      kept = authorised;
      return unconnected.driver.write(authorised);
    });
    expect(result.kind).toBe('not-sent');
    expect(await driver.write(kept)).toMatchObject({ kind: 'not-sent' });
    expect(plant.writes.count()).toBe(1);
  });

  it('SIG-1: takes nothing but what the gate made', async () => {
    const { driver, heard } = await startDriver();
    await until(() => heard.states.at(-1) === 'connected', 'connected');
    plant.writes.clear();
    const lookalike: AuthorisedWrite = Object.create(GateWrite.prototype);
    await expect(driver.write(lookalike)).rejects.toThrow(TypeError);
    // Nor one that brings its own methods.
    const own = {
      tag: { value: setpoint },
      take: { value: () => ({ tag: setpoint, value: 1, command: 'none', notAfterMs: Number.POSITIVE_INFINITY }) },
    };
    for (const made of [Object.create(GateWrite.prototype, own), Object.create(null, own)] as AuthorisedWrite[])
      await expect(driver.write(made)).rejects.toThrow(TypeError);
    expect(Object.isFrozen(GateWrite.prototype)).toBe(true);
    const supervisor = new Supervisor({
      plant: { connections: [], tags: [] },
      protocols: [],
      now: Date.now,
      listener: { samples: () => undefined, vouched: () => undefined, connection: () => undefined },
    });
    await expect(supervisor.write(lookalike)).rejects.toThrow(TypeError);
    expect(plant.writes.count()).toBe(0);
  });

  it('DRV-5: a device that stops is lost and comes back by itself with fresh values', async () => {
    const { heard } = await startDriver();
    await until(() => heard.states.at(-1) === 'connected', 'connected');
    await plant.stop();
    await until(() => heard.states.at(-1) === 'lost', 'lost');
    const before = heard.batches.length;
    await plant.restart();
    await until(() => heard.states.at(-1) === 'connected', 'back');
    await until(
      () =>
        heard.batches
          .slice(before)
          .flat()
          .some((sample) => sample.index === setpoint.index),
      'values are told anew, changed or not',
    );
  });

  for (const transactionId of ['own', 'next'] as const) {
    it(`DRV-3: no late reply is taken for another request's, sent with the transaction id of its ${transactionId} request`, async () => {
      const { driver, heard } = await startDriver({
        tags: [setpoint, flow],
        options: { ...soonSilent, maxGapRegisters: 0, maxOutstanding: 1 },
      });
      await until(() => heard.states.at(-1) === 'connected', 'connected');
      for (let round = 0; round < 3; round++) {
        plant.faults.inject({ kind: 'late-answer', protocol: 'modbus', on: 'reads', transactionId, times: 1 });
        const readings = await Promise.all([driver.read(setpoint, patienceMs), driver.read(flow, patienceMs)]);
        for (const [i, reading] of readings.entries()) {
          // Lost is allowed, another register's value is not.
          if (reading.ok) expect(reading.sample.value).toBe(i === 0 ? await held(0) : 11.25);
        }
        plant.faults.clear();
        await until(() => heard.states.at(-1) === 'connected', 'connected again');
        await until(async () => (await driver.read(flow, patienceMs)).ok, 'readable again');
      }
      const values = heard.batches.flat().filter((sample) => sample.index === flow.index);
      expect(new Set(values.map((sample) => sample.value))).toEqual(new Set([11.25]));
    });
  }
  const held = async (register: number): Promise<number> =>
    floatOf(await readRegisters(plant.modbusPort, 'holding', register, 2));
});

describe('the Modbus driver against a device that misbehaves', () => {
  const servers: Server[] = [];
  const sockets = new Set<Socket>();
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
  });

  /** A Modbus server that answers each request by `answer`; the number of connections so far is its second argument. */
  async function device(answer: (request: Buffer, socket: Socket, connection: number) => void): Promise<string> {
    let connections = 0;
    const server = createServer((socket) => {
      connections += 1;
      const own = connections;
      sockets.add(socket);
      let received = Buffer.alloc(0);
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        received = Buffer.concat([received, chunk]);
        while (received.length >= 6 && received.length >= 6 + received.readUInt16BE(4)) {
          const length = 6 + received.readUInt16BE(4);
          answer(Buffer.from(received.subarray(0, length)), socket, own);
          received = Buffer.from(received.subarray(length));
        }
      });
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('not listening');
    return `tcp://127.0.0.1:${address.port}`;
  }
  /** Answers a read of `words` registers from the request's first one on, each register holding its own number. */
  function registers(request: Buffer, id = request.readUInt16BE(0)): Buffer {
    const first = request.readUInt16BE(8);
    const words = request.readUInt16BE(10);
    const reply = Buffer.alloc(9 + 2 * words);
    reply.writeUInt16BE(id, 0);
    reply.writeUInt16BE(3 + 2 * words, 4);
    reply.writeUInt8(request.readUInt8(6), 6);
    reply.writeUInt8(request.readUInt8(7), 7);
    reply.writeUInt8(2 * words, 8);
    for (let i = 0; i < words; i++) reply.writeUInt16BE(first + i, 9 + 2 * i);
    return reply;
  }
  const registerTag = (index: number, register: number): Tag =>
    tagAt(index, `R${register}`, { table: 'holding', register, type: 'uint16' }, { dataType: 'uint16' });

  it('DRV-3: after a time-out nothing more is sent on that connection, and its late reply is never read', async () => {
    const tags = [registerTag(0, 100), registerTag(1, 300)];
    const seen: number[][] = [];
    const endpoint = await device((request, socket, connection) => {
      seen[connection] = [...(seen[connection] ?? []), request.readUInt16BE(8)];
      if (connection === 1 && (seen[1]?.length ?? 0) > 2) {
        // Late beyond the time-out, in the shape of the other request's answer.
        setTimeout(() => socket.destroyed || socket.write(registers(request)), 900);
        return;
      }
      socket.write(registers(request));
    });
    const { heard } = await startDriver({ endpoint, tags, options: { requestTimeoutMs: 600, pollIntervalMs: 10 } });
    await until(() => heard.states.join() === 'connecting,connected,lost,connected', 'reconnected');
    expect(seen[1]).toEqual([100, 300, 100]);
    const tagZero = heard.batches.flat().filter((sample) => sample.index === 0);
    expect(new Set(tagZero.map((sample) => sample.value))).toEqual(new Set([100]));
  });

  it('DRV-3: what is under way beside a time-out may finish: a write among it keeps its answer', async () => {
    const polled = registerTag(0, 100);
    const written = registerTag(1, 7);
    const timeoutMs = 1_200;
    let silentSinceMs = 0;
    const endpoint = await device((request, socket) => {
      // The poll times out, and then the write, begun half that time later, is answered in time.
      const answerInMs = silentSinceMs + timeoutMs + 50 - performance.now();
      if (request.readUInt8(7) === 6) setTimeout(() => socket.write(request), answerInMs);
      else if (silentSinceMs === 0) socket.write(registers(request));
    });
    const { driver, heard } = await startDriver({
      endpoint,
      tags: [polled, written],
      options: { requestTimeoutMs: timeoutMs, pollIntervalMs: 10, maxOutstanding: 4, maxGapRegisters: 0 },
    });
    await until(() => heard.states.at(-1) === 'connected', 'connected');
    silentSinceMs = performance.now();
    await until(
      () => performance.now() > silentSinceMs + timeoutMs / 2,
      'the polls under way are half through their time',
    );
    const result = await write(driver, written, 5);
    expect(result).toEqual({ kind: 'written', status: 'acknowledged' });
    await until(() => heard.states.at(-1) === 'lost', 'the connection is given up all the same');
  });

  const wrongShapes: readonly [string, (request: Buffer) => Buffer][] = [
    ['of another length', (request) => registers(Buffer.concat([request.subarray(0, 10), Buffer.from([0, 9])]))],
    ['of another function', (request) => Object.assign(registers(request), { 7: 4 })],
    ['of another unit', (request) => Object.assign(registers(request), { 6: 9 })],
  ];
  for (const [what, shape] of wrongShapes) {
    it(`DRV-3: a reply ${what} is believed by nobody and ends the connection`, async () => {
      const tag = registerTag(0, 100);
      const endpoint = await device(
        (request, socket, connection) => void socket.write(connection === 1 ? shape(request) : registers(request)),
      );
      const { heard } = await startDriver({ endpoint, tags: [tag] });
      await until(() => heard.latest(tag) !== undefined, 'the second connection is believed');
      expect(heard.batches.flat().map((sample) => sample.value)).toEqual([100]);
      expect(heard.states).toEqual(['connecting', 'lost', 'connected']);
    });
  }

  it('DRV-5: a value that is not a number is bad, with null for a value', async () => {
    const tag = tagAt(0, 'NAN', { table: 'holding', register: 0x7fc0, type: 'float32', wordOrder: 'high-first' });
    const endpoint = await device((request, socket) => void socket.write(registers(request)));
    const { heard } = await startDriver({ endpoint, tags: [tag] });
    await until(() => heard.latest(tag) !== undefined, 'read');
    expect(heard.latest(tag)).toMatchObject({ value: null, quality: 'bad', reason: 'not-a-number' });
  });

  it('DRV-3: never has more transactions under way than the device is said to take', async () => {
    const tags = [0, 200, 400, 600, 800, 1000].map((register, index) => registerTag(index, register));
    let open = 0;
    let most = 0;
    const endpoint = await device((request, socket) => {
      open += 1;
      most = Math.max(most, open);
      setTimeout(() => {
        open -= 1;
        socket.write(registers(request));
      }, 5);
    });
    const { heard } = await startDriver({ endpoint, tags, options: { maxOutstanding: 3 } });
    await until(() => heard.vouchings.length > 30, 'some cycles');
    expect(most).toBe(3);
  });
});
