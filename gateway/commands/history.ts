// A command's view, folded from its records alone (CMD-1): the desk uses it for open commands and for old ones, so
// that a command reads the same before and after a restart and needs no table of its own. Pure.
import { type CommandView, closedStates, type SignatureView } from '../contract/command.ts';
import { commandIdSchema, tagIdSchema } from '../contract/ids.ts';
import { tagValueSchema } from '../contract/values.ts';
import { askedDetailSchema, type CommandRecord, outcomeDetailSchema, signedDetailSchema } from './command-record.ts';
import { asked, eventOf, follow, isClosed, type Lifecycle, missingSignatures } from './lifecycle.ts';
import { stageText } from './stage-text.ts';

export type FoldedCommand = { readonly view: CommandView; readonly life: Lifecycle };

/**
 * Folds the records of one command, oldest first. Null where they do not begin with a well-formed command.asked: then
 * nothing can be said. A record that cannot follow is shown among the stages and moves nothing.
 */
export function foldCommand(records: readonly CommandRecord[]): FoldedCommand | null {
  const [first] = records;
  if (first?.kind !== 'command.asked' || first.actor === null) return null;
  const detail = askedDetailSchema.safeParse(first.detail);
  const id = commandIdSchema.safeParse(first.command);
  const tagId = tagIdSchema.safeParse(first.subject);
  const value = tagValueSchema.safeParse(first.new ?? null);
  const observed = tagValueSchema.safeParse(first.old ?? null);
  if (!detail.success || !id.success || !tagId.success || !value.success || !observed.success) return null;

  let life = asked(detail.data.signatures);
  const signatures: SignatureView[] = [];
  let readBack: CommandView['readBack'] = null;
  let outcome: CommandView['outcome'] = null;
  for (const record of records) {
    const event = eventOf(record);
    const next = event === null ? null : follow(life, event);
    if (next === null) continue;
    life = next;
    const signature = event?.kind === 'signed' ? signatureView(record) : null;
    if (signature !== null) signatures.push(signature);
    const closing = isClosed(life) ? outcomeDetailSchema.safeParse(record.detail) : null;
    if (closing?.success === true) {
      outcome = { code: closing.data.code, text: closing.data.text };
      readBack = closing.data.readBack ?? readBack;
    }
  }
  const view: CommandView = {
    id: id.data,
    state: life.state,
    tagId: tagId.data,
    area: detail.data.area,
    description: detail.data.description,
    value: value.data,
    unit: first.unit ?? '',
    observed: { value: observed.data, quality: detail.data.quality, sourceTime: detail.data.sourceTime },
    askedBy: { id: first.actor.id, printedName: first.actor.printedName },
    askedAt: first.time,
    expiresAt: detail.data.expiresAt,
    signatures,
    missingSignatures: closedStates.has(life.state) ? 0 : missingSignatures(life),
    stages: records.map((record) => ({
      kind: record.kind,
      time: record.time,
      record: record.seq,
      actor: record.actor?.printedName ?? null,
      terminal: record.terminal?.name ?? null,
      text: stageText(record),
    })),
    readBack,
    outcome,
  };
  return { view, life };
}

/** SIG-8: the elements of a signature, from its record. */
export function signatureView(record: CommandRecord): SignatureView | null {
  const detail = signedDetailSchema.safeParse(record.detail);
  if (!detail.success || record.actor === null || record.terminal === null || record.meaning === undefined) return null;
  return {
    signer: record.actor.name,
    printedName: record.actor.printedName,
    meaning: record.meaning,
    reasonCode: record.reason?.code ?? null,
    reasonText: detail.data.reasonText,
    comment: record.reason?.comment ?? null,
    time: record.time,
    signedAt: detail.data.signedAt,
    terminal: { id: record.terminal.id, name: record.terminal.name },
    record: record.seq,
  };
}
