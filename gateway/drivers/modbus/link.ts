// One TCP connection to a Modbus device, from connect to close: a bounded number of transactions at once, urgent ones
// first, and an end at the first sign that replies and requests may not belong together. Made by modbus/driver.ts.
// After a time-out or a reply of the wrong shape it starts nothing more, lets what is under way finish, and drops the
// socket: modbus-serial numbers transactions from 0 to 255 only and forgets none, so a late reply could otherwise meet
// a later request of the same number (its public issue 573). It never retries and never reconnects.
import { connect, type Socket } from 'node:net';
import modbusSerial from 'modbus-serial';
import type { Link } from '../reconnecting.ts';

export type ModbusRTU = InstanceType<typeof modbusSerial.default>;

export type Exchange<T> =
  | { readonly kind: 'answer'; readonly value: T }
  | { readonly kind: 'exception'; readonly code: number }
  /** Provably nothing left for the device. */
  | { readonly kind: 'not-sent'; readonly detail: string }
  /** Sent, or perhaps sent, and no answer that could be trusted. */
  | { readonly kind: 'no-answer'; readonly detail: string };

type Job = { readonly start: () => void; readonly refuse: (detail: string) => void };

export type LinkSettings = {
  readonly host: string;
  readonly port: number;
  readonly unit: number;
  readonly requestTimeoutMs: number;
  readonly maxOutstanding: number;
};

export class ModbusLink implements Link {
  readonly ended: Promise<string>;
  readonly #socket: Socket;
  readonly #client: ModbusRTU;
  readonly #settings: LinkSettings;
  /** Waiting to be sent; bounded by the callers: one poll cycle, and the commands the gate lets through. */
  readonly #urgent: Job[] = [];
  readonly #polls: Job[] = [];
  readonly #closed: Promise<void>;
  #end: (why: string) => void = () => undefined;
  #whyDropping: string | null = null;
  #outstanding = 0;

  /** Connects within the request time-out; rejects with what went wrong. */
  static async open(settings: LinkSettings, signal: AbortSignal): Promise<ModbusLink> {
    const socket = connect({ host: settings.host, port: settings.port, noDelay: true, keepAlive: true });
    await new Promise<void>((resolve, reject) => {
      const fail = (error: Error): void => {
        socket.destroy();
        reject(error);
      };
      const timer = setTimeout(
        () => fail(new Error(`${settings.host}:${settings.port} does not answer`)),
        settings.requestTimeoutMs,
      );
      const abort = (): void => fail(new Error('stopped'));
      signal.addEventListener('abort', abort, { once: true });
      socket.once('error', fail);
      socket.once('connect', resolve);
      socket.once('close', () => fail(new Error('the connection was closed')));
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', abort);
      };
      socket.once('connect', done);
      socket.once('close', done);
    });
    const client = new modbusSerial.default();
    const link = new ModbusLink(socket, client, settings);
    await client.linkTCP(socket, { port: settings.port });
    client.setID(settings.unit);
    return link;
  }

  private constructor(socket: Socket, client: ModbusRTU, settings: LinkSettings) {
    this.#socket = socket;
    this.#client = client;
    this.#settings = settings;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    // modbus-serial relays socket errors as events of its own, which would end the process if nobody listened.
    client.on('error', () => undefined);
    // One listener a transaction, besides the library's own.
    socket.setMaxListeners(settings.maxOutstanding + 10);
    socket.on('error', (error) => this.drop(error.message));
    this.#closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.drop('the device closed the connection');
        this.#end(this.#whyDropping ?? 'closed');
        resolve();
      });
    });
  }

  get alive(): boolean {
    return this.#whyDropping === null && !this.#socket.destroyed;
  }

  /**
   * One transaction. `send` is called when its turn has come, hands exactly one request to the client, or returns null
   * to send nothing after all (`not-sent`). Never rejects.
   */
  exchange<T>(urgent: boolean, send: (client: ModbusRTU) => Promise<T> | null): Promise<Exchange<T>> {
    return new Promise((resolve) => {
      const refuse = (detail: string): void => resolve({ kind: 'not-sent', detail });
      if (!this.alive) {
        refuse(this.#whyDropping ?? 'the connection is lost');
        return;
      }
      (urgent ? this.#urgent : this.#polls).push({ start: () => this.#start(send, resolve), refuse });
      this.#startWaiting();
    });
  }

  /** Starts nothing more, refuses what waits, and closes the socket when what is under way has finished. */
  drop(why: string): void {
    this.#whyDropping ??= why;
    for (const job of [...this.#urgent.splice(0), ...this.#polls.splice(0)]) job.refuse(this.#whyDropping);
    if (this.#outstanding === 0 || this.#socket.destroyed) this.#socket.destroy();
  }

  async close(): Promise<void> {
    this.#whyDropping ??= 'closed';
    this.drop(this.#whyDropping);
    this.#socket.destroy();
    await this.#closed;
  }

  #startWaiting(): void {
    while (this.alive && this.#outstanding < this.#settings.maxOutstanding) {
      const job = this.#urgent.shift() ?? this.#polls.shift();
      if (job === undefined) return;
      job.start();
    }
  }

  #start<T>(send: (client: ModbusRTU) => Promise<T> | null, resolve: (result: Exchange<T>) => void): void {
    let answer: Promise<T> | null;
    try {
      answer = send(this.#client);
    } catch (error) {
      // A fault in here must not take the process down from within a socket's event; what it sent nobody knows.
      const detail = `the request failed: ${messageOf(error)}`;
      resolve({ kind: 'no-answer', detail });
      this.drop(detail);
      return;
    }
    if (answer === null) {
      resolve({ kind: 'not-sent', detail: 'it was withdrawn before its turn' });
      return;
    }
    this.#outstanding += 1;
    let open = true;
    const finish = (result: Exchange<T>, suspect: string | null): void => {
      if (!open) return;
      open = false;
      clearTimeout(timer);
      this.#socket.off('close', onClose);
      this.#outstanding -= 1;
      resolve(result);
      if (suspect !== null || this.#whyDropping !== null) this.drop(suspect ?? 'closed');
      else this.#startWaiting();
    };
    const timer = setTimeout(() => {
      const detail = `no answer within ${this.#settings.requestTimeoutMs} ms`;
      finish({ kind: 'no-answer', detail }, detail);
    }, this.#settings.requestTimeoutMs);
    const onClose = (): void => {
      const detail = this.#whyDropping ?? 'the device closed the connection';
      finish({ kind: 'no-answer', detail }, detail);
    };
    this.#socket.once('close', onClose);
    answer.then(
      (value) => finish({ kind: 'answer', value }, null),
      (error: unknown) => {
        const code = exceptionCode(error);
        if (code !== null) {
          finish({ kind: 'exception', code }, null);
          return;
        }
        const message = messageOf(error);
        // What modbus-serial says before it has written anything.
        if (message === 'Port Not Open') {
          finish({ kind: 'not-sent', detail: 'the connection is lost' }, 'the connection is lost');
          return;
        }
        const detail = `not an answer to the request: ${message}`;
        finish({ kind: 'no-answer', detail }, detail);
      },
    );
  }
}

function messageOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'message' in error) return String(error.message);
  return String(error);
}

function exceptionCode(error: unknown): number | null {
  if (!(error instanceof Error) || !('modbusCode' in error)) return null;
  return typeof error.modbusCode === 'number' ? error.modbusCode : null;
}
