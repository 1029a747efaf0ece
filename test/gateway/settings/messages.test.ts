import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildMessages, messagesFileSchema } from '../../../gateway/settings/messages.ts';
import { type ConfigurationMistake, mistakeText } from '../../../gateway/settings/mistake.ts';
import { loadYaml } from '../../../gateway/settings/yaml-file.ts';

function mistakes(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-messages-'));
  try {
    writeFileSync(join(folder, 'messages.yaml'), text);
    const loaded = loadYaml(folder, 'messages.yaml', messagesFileSchema, {});
    const found: ConfigurationMistake[] = loaded.ok ? [] : [...loaded.mistakes];
    if (loaded.ok) buildMessages(loaded.file, found);
    return found.map(mistakeText).join('\n');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('messages.yaml', () => {
  const wrong: readonly { readonly text: string; readonly says: RegExp }[] = [
    { text: 'languages: [english]', says: /1:13: / },
    {
      text: 'languages: [en]\nevents: [{ event: oven.on, words: { de: Ofen an } }]',
      says: /"de" is not one of the languages/,
    },
    {
      text: 'languages: [en]\nevents: [{ event: oven.on, fields: [zone], words: { en: "Oven {zoe} on" } }]',
      says: /2:\d+: \{zoe\} is nothing.*Did you mean \{zone\}/,
    },
    {
      text: 'languages: [en]\nevents: [{ event: command.sent, words: { en: x } }]',
      says: /"command\." begins the log's/,
    },
    {
      text: 'languages: [en]\nevents: [{ event: a.b, words: { en: x } }, { event: a.b, words: { en: y } }]',
      says: /"a\.b" stands here a second time/,
    },
    {
      text: 'languages: [en]\nrecords: [{ kind: command.confirmd, words: { en: x } }]',
      says: /Did you mean "command\.confirmed"/,
    },
    {
      text: 'languages: [en]\nrecords: [{ kind: command.failed, words: { en: "{value}" } }]',
      says: /\{subject\}, \{old\}/,
    },
  ];
  it.each(wrong)('AUD-9, OPS-2: refuses $text', ({ text, says }) => {
    expect(mistakes(text)).toMatch(says);
  });

  it('AUD-9: takes events with and without fields, in some of the languages', () => {
    expect(
      mistakes(
        'languages: [en, de]\nevents:\n  - { event: a.b, words: { de: "{x} {subject}" } }\n  - { event: a.c, fields: [], words: {} }',
      ),
    ).toBe('');
  });
});
