// An MQTT broker as a receiver (AUD-10), and as a place for the log's checkpoints (PUB-2): messages of QoS 1 on one topic, so
// that brokers keep the order; the broker's PUBACK acknowledges. Made by assembly/. It connects anew after any failure instead of letting the
// library repeat by itself, so that what is repeated starts again in order.
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import type { Receiver } from './ports.ts';

export type MqttOptions = {
  /** `mqtt://host:1883` or `mqtts://host:8883`. */
  readonly url: string;
  readonly topic: string;
  readonly clientId: string;
  readonly protocol: '5' | '3.1.1';
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** PEM; absent: the system's authorities. */
  readonly ca?: string | undefined;
};

export type MqttPublisher = {
  /** In their order; resolves when the broker has acknowledged all of them. Rejects when it does not before the signal aborts. */
  readonly publish: (messages: readonly Buffer[], signal: AbortSignal) => Promise<void>;
  readonly close: () => Promise<void>;
};

export function mqttReceiver(options: MqttOptions): Receiver {
  const publisher = mqttPublisher(options, false);
  return {
    deliver: (records, signal) =>
      publisher.publish(
        records.map(({ body }) => Buffer.from(body)),
        signal,
      ),
    close: publisher.close,
  };
}

/** `retain`: the broker keeps the last message for whoever subscribes later. */
export function mqttPublisher(options: MqttOptions, retain: boolean): MqttPublisher {
  let client: MqttClient | null = null;

  const connection = async (signal: AbortSignal): Promise<MqttClient> => {
    if (client?.connected === true) return client;
    await drop();
    const settings: IClientOptions = {
      clientId: options.clientId,
      protocolVersion: options.protocol === '5' ? 5 : 4,
      clean: true,
      reconnectPeriod: 0,
      connectTimeout: 10_000,
      queueQoSZero: false,
      ...(options.username === undefined ? {} : { username: options.username }),
      ...(options.password === undefined ? {} : { password: options.password }),
      ...(options.ca === undefined ? {} : { ca: options.ca }),
    };
    const connecting = connectAsync(options.url, settings, false);
    const stopWaiting = (): void => void connecting.then((late) => late.end(true)).catch(() => undefined);
    signal.addEventListener('abort', stopWaiting, { once: true });
    const connected = await connecting;
    signal.removeEventListener('abort', stopWaiting);
    // A broken connection fails the publishes that wait for their answer; without a listener it would end the process.
    connected.on('error', () => undefined);
    client = connected;
    return connected;
  };

  const drop = async (): Promise<void> => {
    const former = client;
    client = null;
    await former?.endAsync(true);
  };

  return {
    publish: async (messages, signal) => {
      let giveUp: () => void = () => undefined;
      const gone = new Promise<never>((_resolve, reject) => {
        giveUp = () => reject(new Error('the MQTT broker did not acknowledge the records'));
      });
      // Whoever loses the race below is still handled.
      gone.catch(() => undefined);
      signal.addEventListener('abort', giveUp, { once: true });
      try {
        const broker = await Promise.race([connection(signal), gone]);
        broker.once('close', giveUp);
        const sent = messages.map((message) => broker.publishAsync(options.topic, message, { qos: 1, retain }));
        await Promise.race([Promise.all(sent), gone]);
        broker.off('close', giveUp);
      } catch (fault) {
        await drop();
        throw fault;
      } finally {
        signal.removeEventListener('abort', giveUp);
      }
    },
    close: drop,
  };
}
