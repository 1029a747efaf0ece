// The record that append and append-one write: some 600 bytes, as that of a command asked for at a terminal.
import type { RecordDraft } from '../../gateway/contract/audit-record.ts';

export const sampleDraft: RecordDraft = {
  kind: 'command.asked',
  actor: { id: 'operator', name: 'operator', printedName: 'Olga Operator' },
  terminal: { id: 'A'.repeat(43), name: 'Panel 1', area: 'upstream' },
  address: '127.0.0.1',
  subject: 'BR101.TIC.SP',
  old: 37,
  new: 37.5,
  unit: '°C',
  command: '0b2f5f0e-4a3c-4f0e-8f27-3a0a6f1f6c11',
};
