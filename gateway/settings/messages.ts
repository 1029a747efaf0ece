// messages.yaml (AUD-9): languages, the plant's own events, and its own words for the log's kinds of records. The file may be
// missing: then nothing has words of its own. Called by load.ts.
import { z } from 'zod';
import { recordKinds } from '../contract/audit-record.ts';
import { eventFieldNameSchema, eventNameSchema } from '../contract/event.ts';
import {
  languageSchema,
  type MessageWords,
  placeholdersOf,
  recordPlaceholders,
  type Words,
} from '../contract/message-template.ts';
import { type ConfigurationMistake, nearest } from './mistake.ts';
import type { LoadedFile, Path } from './yaml-file.ts';

const wordsSchema = z.record(languageSchema, z.string().trim().min(1).max(500));

export const messagesFileSchema = z.strictObject({
  /** The plant's own language first. */
  languages: z.array(languageSchema).min(1).max(20),
  events: z
    .array(
      z.strictObject({
        event: eventNameSchema,
        /** What it must carry, and nothing else; absent: anything. */
        fields: z.array(eventFieldNameSchema).max(32).optional(),
        words: wordsSchema,
      }),
    )
    .max(500)
    .default([]),
  records: z
    .array(z.strictObject({ kind: z.enum(recordKinds), words: wordsSchema }))
    .max(500)
    .default([]),
});
export type MessagesFile = z.infer<typeof messagesFileSchema>;

export type MessageSettings = {
  readonly words: MessageWords;
  readonly events: ReadonlyMap<string, { readonly fields: readonly string[] | null; readonly words: Words }>;
};

export const noMessages: MessageSettings = { words: { languages: [], records: {} }, events: new Map() };

export function buildMessages(file: LoadedFile<MessagesFile>, mistakes: ConfigurationMistake[]): MessageSettings {
  const { languages, events, records } = file.value;
  const reserved: ReadonlySet<string> = new Set(recordKinds.map((kind) => kind.split('.')[0] ?? ''));
  const at = (path: Path, what: string, remedy: string): void => {
    mistakes.push(file.mistakeAt(path, what, remedy));
  };
  const once = (list: readonly string[], path: (index: number) => Path): void => {
    list.forEach((name, index) => {
      if (list.indexOf(name) !== index)
        at(path(index), `"${name}" stands here a second time.`, 'Remove one of the two.');
    });
  };
  const checkWords = (words: Words, path: Path, known: readonly string[] | null): void => {
    for (const [language, template] of Object.entries(words)) {
      if (!languages.includes(language))
        at([...path, language], `"${language}" is not one of the languages.`, 'Add it to "languages", or remove it.');
      const unknown = known === null ? undefined : placeholdersOf(template).find((name) => !known.includes(name));
      if (unknown === undefined || known === null) continue;
      const near = nearest(unknown, known);
      at(
        [...path, language],
        `{${unknown}} is nothing that can be put there.`,
        near === null ? `Possible are: ${known.map((name) => `{${name}}`).join(', ')}.` : `Did you mean {${near}}?`,
      );
    }
  };
  once(languages, (index) => ['languages', index]);
  once(
    events.map(({ event }) => event),
    (index) => ['events', index, 'event'],
  );
  once(
    records.map(({ kind }) => kind),
    (index) => ['records', index, 'kind'],
  );
  events.forEach(({ event, fields, words }, index) => {
    const first = event.split('.')[0] ?? '';
    if (reserved.has(first))
      at(['events', index, 'event'], `"${first}." begins the log's own kinds.`, 'Choose another first word.');
    checkWords(words, ['events', index, 'words'], fields === undefined ? null : ['subject', 'actor', ...fields]);
  });
  for (const [index, { words }] of records.entries())
    checkWords(words, ['records', index, 'words'], recordPlaceholders);
  return {
    words: { languages, records: Object.fromEntries(records.map(({ kind, words }) => [kind, words])) },
    events: new Map(events.map(({ event, fields, words }) => [event, { fields: fields ?? null, words }])),
  };
}
