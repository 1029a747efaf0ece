// What a record says in the plant's own words (AUD-9), under the name of its kind. Values in. Where there are no words in the
// language that was chosen it says which it took instead, and where there are none at all, that nobody gave any.
import type { AuditRecord } from '../../gateway/contract/audit-record.ts';
import { type MessageWords, recordMessage } from '../../gateway/contract/message-template.ts';
import { languageName } from '../model/audit-words.ts';

export function RecordMessage(props: {
  readonly record: AuditRecord;
  readonly words: MessageWords;
  readonly language: string;
}) {
  const message = recordMessage(props.record, props.words, props.language);
  if (message === null) return null;
  const { text, language } = message;
  return (
    <span className="cs-record-message" lang={language ?? undefined}>
      {text}
      {language === null ? (
        <em>no words configured</em>
      ) : (
        language !== props.language && <em>only in {languageName(language)}</em>
      )}
    </span>
  );
}
