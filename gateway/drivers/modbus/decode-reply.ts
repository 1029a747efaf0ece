// From one read reply to the samples of its points. Pure; called by modbus/driver.ts.
import type { Quality, QualityReason } from '../../contract/values.ts';
import type { Sample } from '../../plant/sample.ts';
import type { Tag } from '../../plant/tag.ts';
import { toEngineered } from '../engineering-value.ts';
import type { ModbusAddress } from './address.ts';
import { decodeRegisters } from './codec.ts';

/** What a reply carries: bits of a coil or discrete table, else registers, from `register` on. */
export type Reply = {
  readonly register: number;
  readonly bits: readonly boolean[] | null;
  readonly words: readonly number[] | null;
};

/** Decodes one tag out of a reply that covers it. Modbus has no time of its own: the arrival is the source time. */
export function decodeReply(tag: Tag, address: ModbusAddress, reply: Reply, arrivedAtMs: number): Sample {
  const offset = address.register - reply.register;
  const raw =
    address.type === 'bool'
      ? (reply.bits?.[offset] ?? null)
      : reply.words === null
        ? null
        : decodeRegisters(address, reply.words, offset);
  const { value, reason } = toEngineered(tag, raw);
  return { index: tag.index, value, quality: reason === 'none' ? 'good' : 'bad', reason, sourceTimeMs: arrivedAtMs };
}

export function badSample(index: number, reason: QualityReason, atMs: number): Sample {
  return { index, value: null, quality: 'bad' satisfies Quality, reason, sourceTimeMs: atMs };
}
