// Whether a value that a device holds may be the work of an earlier command for the same value (CMD-5, CMD-6): one that
// nobody saw arrive may still have arrived since. Asked by gate.ts and recovery.ts before they take a read for the proof of
// a write that nobody answered for, or whose value was not there at once; it records nothing.
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

/**
 * The device never took it, was seen to hold it, or a person looked at the equipment and signed what he found. What was
 * confirmed counts only where the later command's old value had not come yet.
 */
function isDoneWith(records: readonly CommandRecord[], observedSince: string): boolean {
  return records.some(({ kind, time, detail }) => {
    switch (kind) {
      case 'command.refused':
      case 'command.rejected':
        return true;
      case 'command.failed':
        return typeof detail?.code === 'string' && settledFailures.has(detail.code);
      case 'command.resolved':
        return detail?.code === 'reached' || detail?.code === 'not-reached';
      case 'command.confirmed':
        return Date.parse(time) < Date.parse(observedSince);
      default:
        return false;
    }
  });
}

/** Never sent, or seen in place: neither comes late. One that stands at a third value may yet go on. */
const settledFailures: ReadonlySet<string> = new Set(['not-sent', 'reverted', 'feedback-differs', 'not-reset']);
