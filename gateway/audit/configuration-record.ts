// The configuration is a record (OPS-2, §11.10(k)): its digest at each start, the whole of it where it changed. Called by
// main.ts before anything may be signed; every statement names the record in force.
import type { RecordDraft } from '../contract/audit-record.ts';
import { canonicalJson, type Json } from '../contract/canonical.ts';
import type { AppendAudit, LookUpStanding, StateChange } from '../identity/ports.ts';

const subject = 'configuration';

/**
 * Number and digest of the record that holds this configuration: the standing one where nothing changed since, else a
 * new one with the whole configuration and the digest that it replaces.
 */
export async function recordConfiguration(
  configuration: { readonly resolved: Json; readonly digest: string },
  append: AppendAudit,
  lookUpStanding: LookUpStanding,
  /** Writes the projection's row with the record; its document is the canonical text that the digest is of. */
  writeRow: (subject: string, document: string) => StateChange,
): Promise<{ readonly seq: number; readonly digest: string }> {
  const standing = lookUpStanding(subject);
  if (standing !== undefined && standing.digest === configuration.digest) return standing;
  const draft: RecordDraft = {
    kind: 'configuration.loaded',
    actor: null,
    terminal: null,
    address: null,
    subject,
    old: standing?.digest ?? null,
    new: configuration.resolved,
    detail: { projection: { subject, digest: configuration.digest } },
  };
  const appended = await append(draft, writeRow(subject, canonicalJson(configuration.resolved)));
  return { seq: appended.seq, digest: configuration.digest };
}
