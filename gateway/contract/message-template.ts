// Messages in the plant's own words (AUD-9): a template with `{names}` in it, one a language, and what to say where there is
// none in the language asked for. Pure; used by settings to check templates, by the log's events, and by the HMI.
import { z } from 'zod';
import type { AuditRecord } from './audit-record.ts';

/** A language as browsers name it: `de`, `pt-BR`. */
export const languageSchema = z.string().regex(/^[a-z]{2}(-[A-Z]{2})?$/);
export type Words = Readonly<Record<string, string>>;

/** Languages that messages are configured for, the plant's own first, and the words for the log's own kinds of records. */
export const messageWordsSchema = z.object({
  languages: z.array(languageSchema),
  records: z.record(z.string(), z.record(languageSchema, z.string())),
});
export type MessageWords = z.infer<typeof messageWordsSchema>;

/** What a template for a kind of record may name. */
export const recordPlaceholders = ['subject', 'old', 'new', 'unit', 'actor', 'terminal', 'reason', 'comment'] as const;

const placeholder = /\{([A-Za-z][A-Za-z0-9_]*)\}/g;

export function placeholdersOf(template: string): readonly string[] {
  return [...template.matchAll(placeholder)].map((match) => match[1] ?? '');
}

/** A name without a value stays as it is written, in braces: seen, not swallowed. */
export function renderTemplate(template: string, values: Readonly<Record<string, unknown>>): string {
  return template.replaceAll(placeholder, (written, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined || value === null) return written;
    return valueText(value);
  });
}

/** `language` is that of the text; null where no language has words for it, and the text is made of names and values. */
export type Message = { readonly text: string; readonly language: string | null };

/** For a page on paper: what it says, and, in brackets, the language that stands in, or that there were no words. */
export function messageText({ text, language }: Message, asked: string): string {
  if (language === asked) return text;
  return `${text} [${language ?? 'no words configured'}]`;
}

/** In the language asked for, else in the first of `languages` that has words; undefined where none has. */
export function wordsIn(
  words: Words | undefined,
  languages: readonly string[],
  language: string,
): { readonly template: string; readonly language: string } | undefined {
  for (const candidate of [language, ...languages]) {
    const template = words !== undefined && Object.hasOwn(words, candidate) ? words[candidate] : undefined;
    if (template !== undefined) return { template, language: candidate };
  }
  return undefined;
}

/** `batch.started (batch B-1042, litres 12.5)`: what is said of an event that nobody configured words for. */
export function bareMessage(event: string, fields: Readonly<Record<string, unknown>>): string {
  const parts = Object.entries(fields).map(([name, value]) => `${name} ${valueText(value)}`);
  return parts.length === 0 ? event : `${event} (${parts.join(', ')})`;
}

function valueText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

type OwnWords = { message: string; language: string | null; messages?: Readonly<Record<string, string>> };

/** What `POST /events` wrote into a record's detail; null where it is something else. Without a schema: pages read it, too. */
function ownWords(detail: AuditRecord['detail']): OwnWords | null {
  const { message, language, messages } = detail ?? {};
  if (typeof message !== 'string' || (language !== null && typeof language !== 'string')) return null;
  if (messages === undefined) return { message, language };
  if (typeof messages !== 'object' || messages === null || Array.isArray(messages)) return null;
  const texts = Object.entries(messages).flatMap(([name, text]) => (typeof text === 'string' ? [[name, text]] : []));
  return { message, language, messages: Object.fromEntries(texts) };
}

/** The message of a record in the plant's words; null where it has none but its kind's. */
export function recordMessage(
  record: Pick<AuditRecord, 'kind' | 'subject' | 'old' | 'new' | 'unit' | 'actor' | 'terminal' | 'reason' | 'detail'>,
  configured: MessageWords,
  language: string,
): Message | null {
  if (record.kind === 'event.posted') {
    const own = ownWords(record.detail);
    if (own === null) return null;
    const { message, messages } = own;
    const chosen = wordsIn(messages, configured.languages, language);
    return chosen === undefined
      ? { text: message, language: own.language }
      : { text: chosen.template, language: chosen.language };
  }
  const words = configured.records[record.kind];
  const chosen = wordsIn(words, configured.languages, language);
  if (chosen === undefined) return null;
  const text = renderTemplate(chosen.template, {
    subject: record.subject,
    old: record.old,
    new: record.new,
    unit: record.unit ?? '',
    actor: record.actor?.printedName ?? 'Countersign',
    terminal: record.terminal?.name ?? '–',
    reason: record.reason?.code ?? '–',
    comment: record.reason?.comment ?? '–',
  });
  return { text, language: chosen.language };
}
