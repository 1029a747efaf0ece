// One life of an OPC UA session, from connect to close; made by opcua/driver.ts. The library's own reconnection is off
// (`maxRetry: 0`) and requests go past its session object, because that one keeps requests over a reconnection and
// repeats them on a repaired session: right for reads, forbidden for a write. Here a request is sent once, on this
// channel, in this session, or not at all; when either is lost the link has ended and nothing of it is used again.
import {
  type ClientSession,
  MessageSecurityMode,
  OPCUAClient,
  ReadRequest,
  ReadResponse,
  type Request,
  type Response,
  SecurityPolicy,
  type StatusCode,
  TimestampsToReturn,
} from 'node-opcua-client';
import { type Link, unlessAborted } from '../reconnecting.ts';
import type { OpcuaOptions } from './address.ts';
import { applicationName, applicationUri, clientCertificates } from './client-certificate.ts';

/** facts.md: with 8 KiB transport buffers a write with read-back takes a tenth of the time at p99. */
/** Browsing apart, answers are far smaller; one that is larger ends the connection. */
const largestMessageBytes = 2 * 1024 * 1024;
const transportBufferBytes = 8192;
const sessionTimeoutMs = 60_000;

export type Exchange<T> =
  | { readonly kind: 'answer'; readonly value: T }
  /** The server refused the request as a whole. */
  | { readonly kind: 'fault'; readonly status: string }
  /** Provably nothing left for the server. */
  | { readonly kind: 'not-sent'; readonly detail: string }
  /** Sent, or perhaps sent, and no answer. */
  | { readonly kind: 'no-answer'; readonly detail: string };

/** What the library's client has besides its published interface: one request on the channel, nothing kept or repeated. */
type Channel = {
  performMessageTransaction(request: Request, callback: (error: Error | null, response?: Response) => void): void;
};

/** Service results after which this session or channel can do nothing more. */
const endOfSession = new Set([
  'BadSessionIdInvalid',
  'BadSessionClosed',
  'BadSessionNotActivated',
  'BadSecureChannelIdInvalid',
  'BadSecureChannelClosed',
  'BadNoSubscription',
]);

export class OpcuaLink implements Link {
  readonly ended: Promise<string>;
  readonly #client: OPCUAClient;
  readonly #channel: Channel;
  readonly #session: ClientSession;
  readonly #requestTimeoutMs: number;
  #end: (why: string) => void = () => undefined;
  #alive = true;
  #closing: Promise<void> | null = null;

  /**
   * Connects and opens a session, each step within the request time-out or 5 s, whichever is more. The server may then be
   * silent for `silenceMs` without being taken for lost here.
   */
  static async open(
    options: OpcuaOptions,
    silenceMs: number,
    dataFolder: string | undefined,
    signal: AbortSignal,
  ): Promise<OpcuaLink> {
    const stepMs = Math.max(5000, options.requestTimeoutMs);
    const client = OPCUAClient.create({
      applicationName,
      applicationUri,
      clientName: applicationName,
      securityMode: MessageSecurityMode.None,
      securityPolicy: SecurityPolicy.None,
      endpointMustExist: false,
      keepSessionAlive: false,
      requestedSessionTimeout: sessionTimeoutMs,
      connectionStrategy: { maxRetry: 0, initialDelay: 100, maxDelay: 200 },
      defaultTransactionTimeout: options.requestTimeoutMs,
      // The library closes a connection that is idle for so long, steady values or not: keep-alives must come in between.
      transportTimeout: stepMs + silenceMs,
      transportSettings: {
        sendBufferSize: transportBufferBytes,
        receiveBufferSize: transportBufferBytes,
        maxChunkCount: largestMessageBytes / transportBufferBytes,
        maxMessageSize: largestMessageBytes,
      },
      clientCertificateManager: clientCertificates(dataFolder),
    });
    const step = async <T>(work: Promise<T>, what: string): Promise<T> => {
      const done = await unlessAborted(
        within(
          work.then((value) => ({ value })),
          stepMs,
          what,
        ),
        signal,
      );
      if (done === null) throw new Error('stopped');
      return done.value;
    };
    try {
      signal.throwIfAborted();
      await step(client.connect(options.endpoint), `${options.endpoint} does not answer`);
      const session = await step(client.createSession(), `${options.endpoint} opens no session`);
      const channel: unknown = client;
      if (!isChannel(channel)) throw new Error('this version of node-opcua-client has no plain message transaction');
      return new OpcuaLink(client, channel, session, options.requestTimeoutMs);
    } catch (error) {
      // Not awaited by the caller's retry: a peer that hangs would hold it up.
      void client.disconnect().catch(() => undefined);
      throw new Error(inOneLine(error), { cause: error });
    }
  }

  private constructor(client: OPCUAClient, channel: Channel, session: ClientSession, requestTimeoutMs: number) {
    this.#client = client;
    this.#channel = channel;
    this.#session = session;
    this.#requestTimeoutMs = requestTimeoutMs;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    client.on('close', (error) => this.end(error?.message ?? 'the server closed the connection'));
    client.on('connection_lost', () => this.end('the connection was lost'));
    session.on('session_closed', (status) => this.end(`the server closed the session: ${status.name}`));
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Declares the link dead; no request is sent on it afterwards. */
  end(why: string): void {
    this.#alive = false;
    this.#end(why);
  }

  close(): Promise<void> {
    this.end('closed');
    this.#closing ??= within(this.#client.disconnect(), 2 * this.#requestTimeoutMs, 'the server does not let go').catch(
      () => undefined,
    );
    return this.#closing;
  }

  /**
   * Sends one request and waits for its answer; never rejects. A time-out leaves the link alive (a late answer carries
   * the handle of its own request and meets no other), the loss of session or channel ends it.
   */
  exchange<T extends Response>(
    request: Request,
    answerType: new (...args: never[]) => T,
    timeoutMs = this.#requestTimeoutMs,
  ): Promise<Exchange<T>> {
    return new Promise((resolve) => {
      const token = this.#session.authenticationToken;
      if (!this.#alive || token === undefined) {
        resolve({ kind: 'not-sent', detail: 'the connection is lost' });
        return;
      }
      request.requestHeader.authenticationToken = token;
      request.requestHeader.timeoutHint = timeoutMs;
      const timer = setTimeout(
        () => resolve({ kind: 'no-answer', detail: `no answer within ${timeoutMs} ms` }),
        timeoutMs,
      );
      const sentBefore = this.#client.bytesWritten;
      let handing = true;
      const answered = (error: Error | null, response?: Response): void => {
        clearTimeout(timer);
        const fault = faultOf(error, response);
        if (fault !== null) {
          if (endOfSession.has(fault.name)) this.end(`the server refuses the session: ${fault.name}`);
          resolve({ kind: 'fault', status: fault.name });
        } else if (response instanceof answerType) {
          resolve({ kind: 'answer', value: response });
        } else {
          const detail = error?.message ?? 'the answer is of another kind than the request';
          // Refused by the library on the spot, with nothing on the wire.
          const unsent = handing && this.#client.bytesWritten === sentBefore;
          resolve({ kind: unsent ? 'not-sent' : 'no-answer', detail });
        }
      };
      try {
        this.#channel.performMessageTransaction(request, answered);
      } catch (error) {
        // A request that cannot be encoded.
        answered(error instanceof Error ? error : new Error(String(error)));
      }
      handing = false;
    });
  }

  /** Reads attributes from the device itself (maxAge 0), not from a cache. */
  read(
    nodes: readonly { readonly nodeId: string; readonly attributeId: number }[],
    timeoutMs?: number,
  ): Promise<Exchange<ReadResponse>> {
    const request = new ReadRequest({
      maxAge: 0,
      timestampsToReturn: TimestampsToReturn.Both,
      nodesToRead: nodes.map((node) => ({ ...node })),
    });
    return this.exchange(request, ReadResponse, timeoutMs);
  }
}

/** The library explains a failed connect in several lines, the cause in the last. */
function inOneLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return /Err = \((.*)\)/.exec(message)?.[1] ?? message.split('\n')[0] ?? message;
}

function isChannel(client: unknown): client is Channel {
  return (
    typeof client === 'object' &&
    client !== null &&
    'performMessageTransaction' in client &&
    typeof client.performMessageTransaction === 'function'
  );
}

/** The service result when it is not good, wherever the library put it. */
function faultOf(error: Error | null, response: Response | undefined): StatusCode | null {
  const carried: unknown = error !== null && 'response' in error ? error.response : response;
  if (typeof carried !== 'object' || carried === null || !('responseHeader' in carried)) return null;
  const status = (carried as Response).responseHeader.serviceResult;
  return status.isGood() ? null : status;
}

async function within<T>(work: Promise<T>, limitMs: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(what)), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
