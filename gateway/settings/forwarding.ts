// `forwarding:` of gateway.yaml: who gets the log's records (AUD-10). Its schema, and the step from the file to receivers with
// their secrets read. Called by load.ts. A secret is named by environment variable or file, never written in the folder.
import { readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { z } from 'zod';
import { recordKinds } from '../contract/audit-record.ts';
import { type ConfigurationMistake, nearest } from './mistake.ts';
import type { LoadedFile, Path } from './yaml-file.ts';

const secretSchema = z.union([
  z.strictObject({ env: z.string().regex(/^[A-Z][A-Z0-9_]{0,127}$/) }),
  z.strictObject({ file: z.string().min(1).max(1000) }),
]);
const hostSchema = z.string().regex(/^[A-Za-z0-9.:_-]{1,253}$/);
const anyReceiver = {
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/),
  /** Kinds of records, or beginnings of several with their dot: `command.`; absent: all. */
  kinds: z.array(z.string().max(64)).min(1).max(200).optional(),
  /** Where a new receiver begins: with what happens from now on, or with the log's first record. */
  from: z.enum(['now', 'beginning']).default('now'),
};
/** Path of a PEM file, relative to the configuration folder. */
const pemPath = z.string().min(1).max(1000);

const receiverSchema = z.discriminatedUnion('to', [
  z.strictObject({
    ...anyReceiver,
    to: z.literal('syslog'),
    host: hostSchema,
    port: z.int().min(1).max(65535),
    /** Present: TLS (RFC 5425). `{}` trusts the system's authorities. */
    tls: z
      .strictObject({ ca: pemPath.optional(), certificate: pemPath.optional(), key: secretSchema.optional() })
      .optional(),
    facility: z.int().min(0).max(23).default(13),
    hostname: z
      .string()
      .regex(/^[\x21-\x7e]{1,255}$/)
      .optional(),
    longestBytes: z.int().min(1024).max(1_048_576).default(8192),
  }),
  z.strictObject({
    ...anyReceiver,
    to: z.literal('webhook'),
    url: z.url({ protocol: /^https?$/ }).max(2000),
    secret: secretSchema,
    ca: pemPath.optional(),
  }),
  z.strictObject({
    ...anyReceiver,
    to: z.literal('mqtt'),
    url: z.url({ protocol: /^mqtts?$/ }).max(2000),
    topic: z
      .string()
      .max(500)
      .regex(/^[^#+\0$][^#+\0]*$/)
      .default('countersign/records'),
    protocol: z.enum(['5', '3.1.1']).default('5'),
    username: z.string().min(1).max(256).optional(),
    password: secretSchema.optional(),
    ca: pemPath.optional(),
  }),
]);
export const forwardingSchema = z.array(receiverSchema).max(16);

type Receiver = z.infer<typeof receiverSchema>;
type WithSecrets<Part> = Part extends { to: 'syslog' }
  ? Omit<Part, 'tls'> & {
      readonly tls: { readonly ca?: string; readonly certificate?: string; readonly key?: string } | null;
    }
  : Part extends { to: 'webhook' }
    ? Omit<Part, 'secret'> & { readonly secret: string }
    : Part extends { to: 'mqtt' }
      ? Omit<Part, 'password'> & { readonly password?: string }
      : never;
/** A receiver as configured; secrets and PEM files are texts here, and stand in no record. */
export type ForwardingSettings = WithSecrets<Receiver>;

type GatewayFile = { readonly forwarding?: readonly Receiver[] | undefined; readonly demo?: unknown };

const loopback = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/;

export function buildForwarding(
  folder: string,
  file: LoadedFile<GatewayFile>,
  environment: NodeJS.ProcessEnv,
  mistakes: ConfigurationMistake[],
): readonly ForwardingSettings[] {
  const receivers = file.value.forwarding ?? [];
  const names = receivers.map(({ name }) => name);
  return receivers.map((receiver, index): ForwardingSettings => {
    const at = (field: Path, what: string, remedy: string): void => {
      mistakes.push(file.mistakeAt(['forwarding', index, ...field], what, remedy));
    };
    const read = (field: Path, path: string): string => {
      try {
        return readFileSync(resolve(folder, path), 'utf8');
      } catch (cause) {
        at(
          field,
          `The file ${path} cannot be read (${cause instanceof Error ? cause.message : String(cause)}).`,
          'Correct the path, relative to the configuration folder.',
        );
        return '';
      }
    };
    const secretOf = (field: Path, secret: Secret): string => {
      if ('env' in secret) {
        const value = environment[secret.env] ?? '';
        if (value === '') at(field, `The environment variable ${secret.env} is not set.`, 'Set it, or name a file.');
        return value;
      }
      if (!relative(resolve(folder), resolve(folder, secret.file)).startsWith('..')) {
        at(
          field,
          'A secret may not stand in the configuration folder.',
          'Move the file elsewhere, or name a variable.',
        );
        return '';
      }
      return read(field, secret.file).trim();
    };
    if (names.indexOf(receiver.name) !== index)
      at(['name'], `"${receiver.name}" stands here a second time.`, 'Rename or remove one of the two.');
    checkKinds(receiver, at);
    const host = 'host' in receiver ? receiver.host : new URL(receiver.url).hostname;
    if (file.value.demo !== undefined && !loopback.test(host))
      at(
        [receiver.to === 'syslog' ? 'host' : 'url'],
        'The demo forwards to loopback only.',
        'Name 127.0.0.1, or remove "demo".',
      );
    return resolveReceiver(receiver, host, { at, read, secretOf });
  });
}

type Secret = z.infer<typeof secretSchema>;
type Reading = {
  readonly at: (field: Path, what: string, remedy: string) => void;
  readonly read: (field: Path, path: string) => string;
  readonly secretOf: (field: Path, secret: Secret) => string;
};

/** The receiver with its files and secrets as texts. */
function resolveReceiver(receiver: Receiver, host: string, { at, read, secretOf }: Reading): ForwardingSettings {
  switch (receiver.to) {
    case 'syslog': {
      const { tls, ...rest } = receiver;
      if (tls === undefined) return { ...rest, tls: null };
      if ((tls.certificate === undefined) !== (tls.key === undefined))
        at(['tls'], 'A certificate goes with its key.', 'Give both, or neither.');
      return {
        ...rest,
        tls: {
          ...(tls.ca === undefined ? {} : { ca: read(['tls', 'ca'], tls.ca) }),
          ...(tls.certificate === undefined ? {} : { certificate: read(['tls', 'certificate'], tls.certificate) }),
          ...(tls.key === undefined ? {} : { key: secretOf(['tls', 'key'], tls.key) }),
        },
      };
    }
    case 'webhook': {
      const { ca, ...rest } = receiver;
      if (receiver.url.startsWith('http:') && !loopback.test(host))
        at(['url'], 'A webhook off this machine needs https.', 'Write https://…');
      const secret = secretOf(['secret'], receiver.secret);
      if (secret !== '' && secret.length < 24)
        at(['secret'], 'The secret is shorter than 24 characters.', 'Make one with `openssl rand -base64 32`.');
      return { ...rest, secret, ...(ca === undefined ? {} : { ca: read(['ca'], ca) }) };
    }
    case 'mqtt': {
      const { ca, password, ...rest } = receiver;
      return {
        ...rest,
        ...(ca === undefined ? {} : { ca: read(['ca'], ca) }),
        ...(password === undefined ? {} : { password: secretOf(['password'], password) }),
      };
    }
  }
}

function checkKinds(receiver: Receiver, at: (field: Path, what: string, remedy: string) => void): void {
  receiver.kinds?.forEach((kind, index) => {
    const known = kind.endsWith('.')
      ? recordKinds.some((name) => name.startsWith(kind))
      : recordKinds.some((name) => name === kind);
    if (known) return;
    const near = nearest(kind, recordKinds);
    at(
      ['kinds', index],
      `No record is of the kind "${kind}".`,
      near === null
        ? 'Write a kind such as security.alert, or a beginning such as "command.".'
        : `Did you mean "${near}"?`,
    );
  });
}
