import { describe, expect, it } from 'vitest';
import { bareMessage, recordMessage, renderTemplate, wordsIn } from '../../../gateway/contract/message-template.ts';

const confirmed = {
  kind: 'command.confirmed' as const,
  actor: { id: 'ada', name: 'ada', printedName: 'Ada Lovelace' },
  terminal: null,
  subject: 'BR101.TIC.SP',
  old: 37,
  new: 38.5,
  unit: '°C',
  reason: { code: 'adjustment', comment: 'warm' },
};
const words = {
  languages: ['de', 'en'],
  records: { 'command.confirmed': { de: '{subject}: {old} → {new} {unit} ({actor}, {comment})' } },
};

describe('messages in the plant’s words', () => {
  it('AUD-9: puts values in; a name without a value stays visible, and values are no templates', () => {
    expect(renderTemplate('{a} und {b} von {c}', { a: 1.5, b: '{c}', toString: 1 })).toBe('1.5 und {c} von {c}');
    expect(renderTemplate('{toString}', {})).toBe('{toString}');
  });

  it('AUD-9: falls back to another language and says to which', () => {
    expect(wordsIn({ de: 'x' }, ['en', 'de'], 'pt')).toEqual({ template: 'x', language: 'de' });
    expect(wordsIn({ de: 'x', pt: 'y' }, ['en', 'de'], 'pt')).toEqual({ template: 'y', language: 'pt' });
    expect(wordsIn({}, ['en'], 'en')).toBeUndefined();
    expect(bareMessage('a.b', {})).toBe('a.b');
  });

  it('AUD-9: says a record in the plant’s words, and nothing where there are none', () => {
    expect(recordMessage(confirmed, words, 'en')).toEqual({
      text: 'BR101.TIC.SP: 37 → 38.5 °C (Ada Lovelace, warm)',
      language: 'de',
    });
    expect(recordMessage({ ...confirmed, kind: 'command.failed' }, words, 'en')).toBeNull();
  });

  it('AUD-9: an event keeps the words that it was recorded with, whatever is configured now', () => {
    const record = {
      ...confirmed,
      kind: 'event.posted' as const,
      detail: { event: 'x.y', message: 'Ofen an', language: 'de', messages: { de: 'Ofen an', pt: 'Forno ligado' } },
    };
    expect(recordMessage(record, words, 'pt')).toEqual({ text: 'Forno ligado', language: 'pt' });
    expect(recordMessage(record, words, 'fr')).toEqual({ text: 'Ofen an', language: 'de' });
    const bare = { ...record, detail: { event: 'x.y', message: 'x.y', language: null, messages: {} } };
    expect(recordMessage(bare, words, 'de')).toEqual({ text: 'x.y', language: null });
  });
});
