// Whether a value that a device holds may be the work of an earlier command for the same value (CMD-5, CMD-6): one that
// nobody saw arrive may still have arrived since. Asked by gate.ts and recovery.ts before they take a read for the proof of
// a write that nobody answered for; it records nothing.
import { tagValueSchema } from '../contract/values.ts';
import { sameValue } from '../plant/device-value.ts';
import type { CommandRecord } from './command-record.ts';
import type { DeskPorts } from './desk-ports.ts';
import type { Intent } from './intent.ts';

/** How long after its write a device may still come to hold a value: as far back are earlier intents looked for. */
const lateEffectMs = 5 * 60_000;

/**
 * True where an earlier intent for the same tag and value was perhaps written, and was not seen in place before the
 * present command's old value was. Rejects with log-unavailable.
 */
export async function mayBeOfEarlierIntent(
  ports: Pick<DeskPorts, 'readStages' | 'readCommandRecords'>,
  { id, tag, value, observed }: Pick<Intent, 'id' | 'tag' | 'value' | 'observed'>,
): Promise<boolean> {
  const own = (await ports.readCommandRecords(id)).find(({ kind }) => kind === 'command.accepted');
  if (own === undefined) return false;
  const stages = await ports.readStages(tag.id, Date.parse(own.time) - lateEffectMs);
  for (const stage of stages) {
    if (stage.kind !== 'command.accepted' || stage.seq >= own.seq || stage.command === undefined) continue;
    const earlier = tagValueSchema.safeParse(stage.new);
    if (!earlier.success || !sameValue(earlier.data, value, tag.setpoint.tolerance)) continue;
    if (!isDoneWith(await ports.readCommandRecords(stage.command), observed.sourceTime)) return true;
  }
  return false;
}

/** The device never took it, or held it already when the later command's old value had not come yet. */
function isDoneWith(records: readonly CommandRecord[], observedSince: string): boolean {
  return records.some(
    ({ kind, time, detail }) =>
      kind === 'command.refused' ||
      kind === 'command.rejected' ||
      (kind === 'command.failed' && detail?.code === 'not-sent') ||
      (kind === 'command.confirmed' && Date.parse(time) < Date.parse(observedSince)),
  );
}
