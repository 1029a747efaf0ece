// Rows of accounts, terminals and certifications as projections of the log (IDN-1): a row counts only while number and
// digest are the log's newest word on its subject. A planted, edited, rolled back or deleted row is refused, reported as
// `security.alert`, and never honoured. The registries of accounts and terminals are built on it.
import { createHash } from 'node:crypto';
import type { z } from 'zod';
import type { Appended, RecordDraft } from '../contract/audit-record.ts';
import { canonicalJson, type Json } from '../contract/canonical.ts';
import { GatewayError } from '../contract/problem.ts';
import type { AppendAudit, LookUpStanding, StateChange } from './ports.ts';

/** `document` is canonical JSON text, hashed as it stands; `seq` the record that it stands on. */
export type ProjectionRow = { readonly subject: string; readonly document: string; readonly seq: number };

/** Adapter: identity/postgres-projections.ts. */
export type ProjectionTable = {
  read(subject: string): Promise<ProjectionRow | null>;
  readAll(): Promise<readonly ProjectionRow[]>;
  /** Inserts or replaces the subject's row, with the number of the record that it commits with. */
  write(subject: string, document: string): StateChange;
};

export type Held<Document> = { readonly document: Document; readonly seq: number; readonly digest: string };
export type Fresh<Document> =
  | { readonly kind: 'trusted'; readonly held: Held<Document> }
  | { readonly kind: 'absent' }
  | { readonly kind: 'distrusted' };

type RowsParts = {
  readonly table: ProjectionTable;
  readonly lookUpStanding: LookUpStanding;
  readonly append: AppendAudit;
};

/** Alerts remembered, so that one bad row makes one alert and not one a request; beyond it they repeat. */
const maxAlerts = 1_000;

export class TrustedRows {
  readonly #parts: RowsParts;
  readonly #alerted = new Set<string>();
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(parts: RowsParts) {
    this.#parts = parts;
  }

  /** Reads the row anew, in turn with changes of the same subject. */
  read(subject: string): Promise<Fresh<Json>> {
    return this.turn(subject, async () => this.#judge(subject, await this.#parts.table.read(subject)));
  }

  async readAll(): Promise<ReadonlyMap<string, Fresh<Json>>> {
    const judged = new Map<string, Fresh<Json>>();
    for (const row of await this.#parts.table.readAll()) judged.set(row.subject, await this.#judge(row.subject, row));
    return judged;
  }

  /** Appends the record and, in its transaction, writes the row whose digest it carries. Call it in the subject's turn. */
  async write(draft: RecordDraft, subject: string, document: Json): Promise<Appended & { readonly rowDigest: string }> {
    const text = canonicalJson(document);
    const rowDigest = digestOf(text);
    const appended = await this.#parts.append(
      { ...draft, detail: { ...draft.detail, projection: { subject, digest: rowDigest } } },
      this.#parts.table.write(subject, text),
    );
    return { ...appended, rowDigest };
  }

  /** True when the log knows the subject, whatever the table says. */
  isKnown(subject: string): boolean {
    return this.#parts.lookUpStanding(subject) !== undefined;
  }

  /** One at a time per subject, in order of arrival. */
  async turn<T>(subject: string, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(subject) ?? Promise.resolve();
    const mine = before.then(work, work);
    const settled = mine.then(
      () => undefined,
      () => undefined,
    );
    this.#turns.set(subject, settled);
    try {
      return await mine;
    } finally {
      if (this.#turns.get(subject) === settled) this.#turns.delete(subject);
    }
  }

  async #judge(subject: string, row: ProjectionRow | null): Promise<Fresh<Json>> {
    const standing = this.#parts.lookUpStanding(subject);
    if (row === null) {
      if (standing === undefined) return { kind: 'absent' };
      await this.#alert(subject, 'row-missing', null);
      return { kind: 'distrusted' };
    }
    const digest = digestOf(row.document);
    const why =
      standing === undefined
        ? 'row-planted'
        : digest !== standing.digest
          ? 'row-altered'
          : row.seq !== standing.seq
            ? 'row-renumbered'
            : null;
    const document = why === null ? parse(row.document) : undefined;
    if (why !== null || document === undefined) {
      await this.#alert(subject, why ?? 'row-unreadable', digest);
      return { kind: 'distrusted' };
    }
    return { kind: 'trusted', held: { document, seq: row.seq, digest } };
  }

  async #alert(subject: string, why: string, digest: string | null): Promise<void> {
    const key = `${subject} ${why} ${digest ?? ''}`;
    if (this.#alerted.has(key)) return;
    await this.#parts.append({
      kind: 'security.alert',
      actor: null,
      terminal: null,
      address: null,
      subject,
      detail: {
        code: why,
        ...(digest === null ? {} : { found: digest }),
        expected: this.#parts.lookUpStanding(subject)?.digest,
      },
    });
    if (this.#alerted.size < maxAlerts) this.#alerted.add(key);
  }
}

/** One kind of subject (`account:`, `terminal:`, `certification:`) with its documents kept in memory. */
export class TrustedRegistry<Id extends string, Document extends Json> {
  readonly #rows: TrustedRows;
  readonly #prefix: string;
  readonly #schema: z.ZodType<Document>;
  readonly #held = new Map<Id, Held<Document>>();

  constructor(rows: TrustedRows, prefix: string, schema: z.ZodType<Document>) {
    this.#rows = rows;
    this.#prefix = prefix;
    this.#schema = schema;
  }

  subjectOf(id: Id): string {
    return `${this.#prefix}${id}`;
  }

  /** Takes the trusted rows of its kind; those that are not are left out: nobody finds them. */
  adopt(rows: ReadonlyMap<string, Fresh<Json>>): void {
    for (const [subject, fresh] of rows) {
      if (!subject.startsWith(this.#prefix) || fresh.kind !== 'trusted') continue;
      const document = this.#schema.parse(fresh.held.document);
      this.#held.set(subject.slice(this.#prefix.length) as Id, { ...fresh.held, document });
    }
  }

  /** As last proven; for what is asked many times a second. */
  get(id: Id): Held<Document> | undefined {
    return this.#held.get(id);
  }

  all(): readonly Document[] {
    return [...this.#held.values()].map((held) => held.document);
  }

  /** Read again and proven now: at each sign-in and each signature. */
  async fresh(id: Id): Promise<Fresh<Document>> {
    const fresh = await this.#rows.read(this.subjectOf(id));
    if (fresh.kind !== 'trusted') return fresh;
    const cached = this.#held.get(id);
    if (cached?.digest === fresh.held.digest) return { kind: 'trusted', held: cached };
    return { kind: 'trusted', held: { ...fresh.held, document: this.#schema.parse(fresh.held.document) } };
  }

  /** Null when the id is taken already: ids are never used again (IDN-1), whatever became of the row. */
  async create(id: Id, document: Document, draft: RecordDraft): Promise<Held<Document> | null> {
    const subject = this.subjectOf(id);
    return this.#rows.turn(subject, async () => {
      if (this.#held.has(id) || this.#rows.isKnown(subject)) return null;
      return this.#keep(id, document, draft);
    });
  }

  /**
   * Changes a held document in its turn. `edit` gets the present one and answers with the new one and its record, or null
   * for "leave it". Undefined when there is no such document. Rejects with log-unavailable, nothing changed.
   */
  async change(
    id: Id,
    edit: (present: Document) => { readonly document: Document; readonly draft: RecordDraft } | null,
  ): Promise<Held<Document> | undefined> {
    return this.#rows.turn(this.subjectOf(id), async () => {
      const present = this.#held.get(id);
      if (present === undefined) return undefined;
      const edited = edit(present.document);
      return edited === null ? present : this.#keep(id, edited.document, edited.draft);
    });
  }

  async #keep(id: Id, document: Document, draft: RecordDraft): Promise<Held<Document>> {
    const parsed = this.#schema.safeParse(document);
    if (!parsed.success)
      throw new GatewayError('internal-fault', 'a projection does not fit its schema', { cause: parsed.error });
    const written = await this.#rows.write(draft, this.subjectOf(id), parsed.data);
    const held = { document: parsed.data, seq: written.seq, digest: written.rowDigest };
    this.#held.set(id, held);
    return held;
  }
}

/** base64url SHA-256 of the row's text, as `detail.projection.digest` holds it. */
export function digestOf(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('base64url');
}

function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
