// A terminal as its projection holds it (TRM-1, TRM-3). Shapes and pure questions only.
import { z } from 'zod';
import type { RecordTerminal } from '../contract/audit-record.ts';
import { areaIdSchema, type TerminalId, terminalIdSchema, timeSchema } from '../contract/ids.ts';
import { publicKeySchema, type TerminalView, terminalStates } from '../contract/session.ts';

export const terminalDocumentSchema = z.strictObject({
  version: z.literal(1),
  id: terminalIdSchema,
  name: z.string().min(1).max(80),
  publicKey: publicKeySchema,
  status: z.enum(terminalStates),
  location: z.string().max(200),
  /** Areas it may show and command, with what lies within them. */
  areas: z.array(areaIdSchema),
  /** CIDR blocks that it may come from. */
  networks: z.array(z.string()),
  enrolledAt: timeSchema,
});
export type TerminalDocument = z.infer<typeof terminalDocumentSchema>;

/** As records name it; `area` is the terminal's own where it has exactly one. */
export function recordTerminalOf(terminal: Pick<TerminalDocument, 'id' | 'name' | 'areas'>): RecordTerminal {
  return {
    id: terminal.id,
    name: terminal.name,
    area: (terminal.areas.length === 1 ? terminal.areas[0] : null) ?? null,
  };
}

/** A key that is not enrolled: its thumbprint is all that is known. */
export function unknownTerminal(id: TerminalId): RecordTerminal {
  return { id, name: '', area: null };
}

export function terminalViewOf(terminal: TerminalDocument): TerminalView {
  return {
    id: terminal.id,
    name: terminal.name,
    status: terminal.status,
    location: terminal.location,
    areas: terminal.areas,
    networks: terminal.networks,
    enrolledAt: terminal.enrolledAt,
  };
}
