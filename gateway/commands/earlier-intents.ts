// Whether a value that a device holds after a restart may be the work of an earlier command for the same value (CMD-6): one
// that nobody saw arrive may still have arrived since. Asked by recovery.ts before it believes a read; it records nothing.
import type { CommandId } from '../contract/ids.ts';
import { tagValueSchema } from '../contract/values.ts';
import { sameValue } from '../plant/device-value.ts';
import type { CommandRecord } from './command-record.ts';
import type { DeskPorts } from './desk-ports.ts';
import type { HeldCommand } from './held-commands.ts';

/** How long after its write a device may still come to hold a value: as far back are earlier intents looked for. */
const lateEffectMs = 5 * 60_000;

/**
 * True where an earlier intent for the same tag and value was perhaps written, and was not seen in place before the
 * present command's old value was. Rejects with log-unavailable.
 */
export async function mayBeOfEarlierIntent(
  ports: Pick<DeskPorts, 'readStages' | 'readCommandRecords'>,
  { id, tag, view }: Pick<HeldCommand, 'tag' | 'view'> & { readonly id: CommandId },
): Promise<boolean> {
  if (tag === null) return false;
  const own = (await ports.readCommandRecords(id)).find(({ kind }) => kind === 'command.accepted');
  if (own === undefined) return false;
  const stages = await ports.readStages(tag.id, Date.parse(own.time) - lateEffectMs);
  for (const stage of stages) {
    if (stage.kind !== 'command.accepted' || stage.seq >= own.seq || stage.command === undefined) continue;
    const value = tagValueSchema.safeParse(stage.new);
    if (!value.success || !sameValue(value.data, view.value, tag.setpoint.tolerance)) continue;
    if (!isDoneWith(await ports.readCommandRecords(stage.command), view.observed.sourceTime)) return true;
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
