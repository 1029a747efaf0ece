// A webhook receiver (AUD-10): POST of a batch of records, signed as Standard Webhooks says (HMAC-SHA256 over id, time and
// body; standardwebhooks.com). Any 2xx acknowledges the whole batch. Made by assembly/forwarding.ts. Follows no redirect.
import { createHmac } from 'node:crypto';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { ForwardedRecord, Receiver } from './ports.ts';

export type WebhookOptions = {
  /** Name of the receiver in the configuration, and the log's origin: both stand in what is sent. */
  readonly name: string;
  readonly origin: string;
  readonly url: string;
  readonly secret: Uint8Array;
  /** PEM; absent: the system's authorities. */
  readonly ca?: string | undefined;
  readonly now: () => number;
};

export type WebhookMessage = { readonly headers: Readonly<Record<string, string>>; readonly body: Buffer };

/** `whsec_` and base64, as Standard Webhooks writes secrets; anything else is taken as text. */
export function webhookSecret(text: string): Uint8Array {
  return text.startsWith('whsec_') ? Buffer.from(text.slice('whsec_'.length), 'base64') : Buffer.from(text, 'utf8');
}

/** Body `{type, timestamp, data: {origin, records}}`; each record stands in it as its canonical bytes. */
export function webhookMessage(records: readonly ForwardedRecord[], options: WebhookOptions): WebhookMessage {
  const nowMs = options.now();
  const seconds = String(Math.floor(nowMs / 1000));
  const id = `${options.name}-${records[0]?.seq ?? 0}-${records.at(-1)?.seq ?? 0}`;
  const head = JSON.stringify({ type: 'audit.records', timestamp: new Date(nowMs).toISOString() }).slice(0, -1);
  const parts = records.flatMap(({ body }, index) => (index === 0 ? [body] : [Buffer.from(','), body]));
  const start = Buffer.from(`${head},"data":{"origin":${JSON.stringify(options.origin)},"records":[`);
  const body = Buffer.concat([start, ...parts, Buffer.from(']}}')]);
  const signature = createHmac('sha256', options.secret).update(`${id}.${seconds}.`).update(body).digest('base64');
  return {
    body,
    headers: {
      'content-type': 'application/json',
      'content-length': String(body.length),
      'user-agent': 'Countersign',
      'webhook-id': id,
      'webhook-timestamp': seconds,
      'webhook-signature': `v1,${signature}`,
    },
  };
}

export function webhookReceiver(options: WebhookOptions): Receiver {
  const url = new URL(options.url);
  return {
    deliver: (records, signal) =>
      new Promise((resolve, reject) => {
        const { body, headers } = webhookMessage(records, options);
        const settings = { method: 'POST', headers, signal };
        const request =
          url.protocol === 'https:' ? requestHttps(url, { ...settings, ca: options.ca }) : requestHttp(url, settings);
        request.once('error', reject);
        request.once('response', (response) => {
          const status = response.statusCode ?? 0;
          // Read to its end, so that the connection can be used again; what it says means nothing.
          response.resume();
          response.once('error', reject);
          response.once('close', () => {
            if (!response.complete) reject(new Error('the webhook’s answer broke off'));
            else if (status >= 200 && status < 300) resolve();
            else reject(new Error(`the webhook answered ${status}`));
          });
        });
        request.end(body);
      }),
    close: async () => undefined,
  };
}
