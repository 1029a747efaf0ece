// `checkpoints:` of gateway.yaml: where the log's signed heads go besides the data folder (AUD-3): witnesses that cosign
// them, a folder elsewhere, a broker. Its schema, and the step from the file to keys that can verify. Called by load.ts.
import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { parseWitnessKey } from '../audit/cosignature.ts';
import type { Witness } from '../audit/witness-submission.ts';
import type { ForwardingSettings } from './forwarding.ts';
import type { ConfigurationMistake } from './mistake.ts';
import type { LoadedFile } from './yaml-file.ts';

export const checkpointsSchema = z.strictObject({
  witnesses: z
    .array(
      z.strictObject({
        /** Without `/add-checkpoint`. */
        url: z.url({ protocol: /^https?$/ }).max(2000),
        /** As `countersign witness init` prints it: `<name>+<id>+<key>`. */
        key: z.string().max(1000),
      }),
    )
    .max(16)
    .default([]),
  /** An existing folder on another machine, mounted here. */
  copyTo: z.string().min(1).max(1000).optional(),
  /** A broker of `forwarding`, by its name: the newest checkpoint as a retained message. */
  mqtt: z
    .strictObject({
      receiver: z.string().max(64),
      topic: z
        .string()
        .max(500)
        .regex(/^[^#+\0$][^#+\0]*$/)
        .default('countersign/checkpoint'),
    })
    .optional(),
});

export type CheckpointSettings = {
  readonly witnesses: readonly Witness[];
  readonly copyTo: string | null;
  readonly mqtt: { readonly broker: Extract<ForwardingSettings, { to: 'mqtt' }>; readonly topic: string } | null;
};

type GatewayFile = {
  readonly checkpoints?: z.infer<typeof checkpointsSchema> | undefined;
  readonly demo?: unknown;
};

const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

export function buildCheckpoints(
  file: LoadedFile<GatewayFile>,
  receivers: readonly ForwardingSettings[],
  mistakes: ConfigurationMistake[],
): CheckpointSettings {
  const { witnesses: given, copyTo, mqtt } = file.value.checkpoints ?? { witnesses: [] };
  const witnesses: Witness[] = [];
  given.forEach(({ url, key: text }, index) => {
    const at = (field: 'url' | 'key', what: string, remedy: string): void => {
      mistakes.push(file.mistakeAt(['checkpoints', 'witnesses', index, field], what, remedy));
    };
    const key = parseWitnessKey(text);
    if (key === null) at('key', 'This is no witness’s key.', 'Write what "countersign witness init" printed there.');
    else if (witnesses.some((one) => one.key.name === key.name))
      at('key', `The witness "${key.name}" stands here a second time.`, 'Remove one of the two.');
    else witnesses.push({ url, key });
    if (file.value.demo !== undefined && !loopback.test(new URL(url).hostname))
      at('url', 'The demo talks to witnesses on loopback only.', 'Name 127.0.0.1, or remove "demo".');
  });
  if (copyTo !== undefined && !isAbsolute(copyTo))
    mistakes.push(
      file.mistakeAt(
        ['checkpoints', 'copyTo'],
        'This is no absolute path.',
        'Write it from the root, such as /mnt/copies.',
      ),
    );
  const broker = receivers.find(({ name }) => name === mqtt?.receiver);
  if (mqtt !== undefined && broker?.to !== 'mqtt')
    mistakes.push(
      file.mistakeAt(
        ['checkpoints', 'mqtt', 'receiver'],
        `"${mqtt.receiver}" is no MQTT broker of "forwarding".`,
        'Name a receiver with "to: mqtt", or add one.',
      ),
    );
  return {
    witnesses,
    copyTo: copyTo ?? null,
    mqtt: mqtt === undefined || broker?.to !== 'mqtt' ? null : { broker, topic: mqtt.topic },
  };
}
