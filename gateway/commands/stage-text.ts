// One sentence for each stage of a command, as it is shown in its history. Texts follow the record, never the present.
import type { CommandRecord } from './command-record.ts';

export function stageText(record: CommandRecord): string {
  const who = record.actor?.printedName ?? 'The gateway';
  const where = record.terminal === null ? '' : ` at ${record.terminal.name}`;
  const said = typeof record.detail?.text === 'string' ? record.detail.text : null;
  switch (record.kind) {
    case 'command.asked':
      return `${who} asked for ${plain(record.new)}${unit(record)} in place of ${plain(record.old)}${unit(record)}${where}.`;
    case 'command.signed':
      return `${who} signed${where}.`;
    case 'command.countersigned':
      return `${who} countersigned${where}.`;
    case 'command.signature-refused':
      return `A signature by ${who} was refused${said === null ? '.' : `: ${said}`}`;
    case 'command.proposed': {
      const origin = typeof record.detail?.origin === 'string' ? `: ${record.detail.origin}` : '.';
      return `${who} proposed ${plain(record.new)}${unit(record)}${origin}`;
    }
    case 'command.accepted':
      return 'The intent is recorded; the gate reads the device and writes.';
    case 'command.written':
      return 'The value was sent to the device.';
    case 'command.withdrawn':
      return `${who} withdrew the command.`;
    case 'command.declined':
      return `${who} declined the command${where}.`;
    case 'command.expired':
      return said ?? 'Nobody completed the signatures in time.';
    default:
      return said ?? record.kind;
  }
}

function plain(value: CommandRecord['new']): string {
  return value === null || value === undefined ? 'no value' : typeof value === 'object' ? '…' : String(value);
}
function unit(record: CommandRecord): string {
  return record.unit === undefined || record.unit === '' ? '' : ` ${record.unit}`;
}
