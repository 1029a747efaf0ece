// What an export says of itself before its records (AUD-6): plant, filter, period, who took it out and when, how many
// records, and the checkpoint that they can be proven against. Shown by every format that has a place for it.
import type { Actor } from '../contract/audit-record.ts';
import type { MessageWords } from '../contract/message-template.ts';
import { plantTime } from '../contract/plant-time.ts';

export type ExportCover = {
  readonly plant: { readonly name: string; readonly timeZone: string; readonly words?: MessageWords | undefined };
  /** As asked for, without what was left open. */
  readonly filter: { readonly [name: string]: string };
  readonly count: number;
  /** The newest record that was looked at; -1 for an empty log. */
  readonly upTo: number;
  /** RFC 3339, UTC. */
  readonly exportedAt: string;
  /** Null: at the command line of the machine itself. */
  readonly exportedBy: Actor | null;
  readonly terminal: string | null;
  /** Number of the record of this export, or the id of the note of which the gateway is yet to make it. */
  readonly record: number | { readonly note: string };
  /** The newest signed checkpoint; null where there is none. */
  readonly checkpoint: string | null;
  readonly version: string;
};

const filterWords: Readonly<Record<string, string>> = {
  actor: 'person',
  kind: 'kind',
  outcome: 'outcome',
  risk: 'risk',
  tag: 'tag or subject',
  area: 'area',
  terminal: 'terminal',
  command: 'command',
  text: 'words in comments',
};

/** Label and text, in order. The checkpoint is left out: it has several lines and a place of its own. */
export function coverFacts(cover: ExportCover): readonly (readonly [label: string, text: string])[] {
  const both = (time: string): string => {
    const { local, offset, utc } = plantTime(time, cover.plant.timeZone);
    return `${local} ${offset} (${utc})`;
  };
  const { from, to, ...rest } = cover.filter;
  const conditions = Object.entries(rest).map(([name, value]) => `${filterWords[name] ?? name}: ${value}`);
  const by = cover.exportedBy;
  return [
    ['Plant', cover.plant.name],
    ['Plant time zone', cover.plant.timeZone],
    [
      'Period',
      `${from === undefined ? 'from the first record' : `from ${both(from)}`}, ${to === undefined ? `to record ${cover.upTo}, the newest at the time` : `to ${both(to)}`}`,
    ],
    ['Filter', conditions.length === 0 ? 'none: every record of the period' : conditions.join('; ')],
    ['Records', String(cover.count)],
    [
      'Exported',
      `${both(cover.exportedAt)} by ${by === null ? 'the command line of the gateway’s machine' : `${by.printedName} (${by.id})`}${cover.terminal === null ? '' : ` at ${cover.terminal}`}`,
    ],
    [
      'Recorded as',
      typeof cover.record === 'number' ? `record ${cover.record}` : `audit.exported, export ${cover.record.note}`,
    ],
    ['Made by', `Countersign ${cover.version}`],
  ];
}
