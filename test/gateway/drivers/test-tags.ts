// Tags, and a listener that remembers: what all driver tests need.
import { connectionIdSchema, tagIdSchema } from '../../../gateway/contract/ids.ts';
import type { DriverListener } from '../../../gateway/drivers/driver.ts';
import type { Sample } from '../../../gateway/plant/sample.ts';
import type { Connection, Tag } from '../../../gateway/plant/tag.ts';
import { anArea, openRule } from './through-gate.ts';

export const connectionId = connectionIdSchema.parse('plc');

export function tagAt(index: number, id: string, address: unknown, change: Partial<Tag> = {}): Tag {
  return {
    index,
    id: tagIdSchema.parse(id),
    area: anArea,
    connection: connectionId,
    description: id,
    dataType: 'float32',
    unit: '',
    decimals: 2,
    states: null,
    range: null,
    scaling: null,
    address,
    deviceAddress: id,
    setpoint: openRule,
    ...change,
  };
}

export function connectionWith(protocol: string, options: unknown, lostAfterMs = 2000): Connection {
  return { id: connectionId, protocol, endpoint: 'test', options, lostAfterMs };
}

/** Remembers all that a driver said. */
export class Heard implements DriverListener {
  readonly batches: Sample[][] = [];
  readonly vouchings: { readonly tags: readonly number[]; readonly atMs: number }[] = [];
  readonly states: string[] = [];
  readonly errors: string[] = [];
  readonly #latest = new Map<number, Sample>();

  readonly samples: DriverListener['samples'] = (batch) => {
    this.batches.push([...batch]);
    for (const sample of batch) this.#latest.set(sample.index, sample);
  };
  readonly vouched: DriverListener['vouched'] = (tags, atMs) => {
    this.vouchings.push({ tags, atMs });
  };
  readonly state: DriverListener['state'] = (state, error) => {
    if (this.states.at(-1) !== state) this.states.push(state);
    if (error !== null) this.errors.push(error);
  };

  latest(tag: Tag): Sample | undefined {
    return this.#latest.get(tag.index);
  }
}
