// What a review's statement says, read field by field before a person signs it: pure. Used by pages/review-signing.tsx. A field
// that this page does not know could not be shown, and what is not shown is not signed (SIG-6): then there is nothing to sign.
import type { ReviewChange } from '../../gateway/contract/review.ts';
import type { Statement } from '../../gateway/contract/statement.ts';
import { findingWords, topicWords } from './review-words.ts';

type Check = (value: unknown) => boolean;
const text: Check = (value) => typeof value === 'string';
const count: Check = (value) => Number.isSafeInteger(value);
const counts: Check = (value) => isObject(value) && Object.values(value).every(count);

const fields: Readonly<Record<keyof ReviewChange, Check>> = {
  from: text,
  to: text,
  area: (value) => value === undefined || text(value),
  topics: (value) => Array.isArray(value) && value.every((topic) => Object.hasOwn(topicWords, topic)),
  first: count,
  last: count,
  records: count,
  findings: (value) => counts(value) && Object.keys(Object(value)).every((code) => Object.hasOwn(findingWords, code)),
  byPerson: counts,
  comments: count,
  checkpoint: (value) => isObject(value) && count(value.size) && text(value.root) && Object.keys(value).length === 2,
};

/** Null where it is another statement, or says more than this page can show. */
export function reviewChangeOf(statement: Statement): ReviewChange | null {
  const change: unknown = 'change' in statement ? statement.change : null;
  if (!isObject(change)) return null;
  const names = Object.keys(fields) as (keyof ReviewChange)[];
  const known =
    names.every((name) => fields[name](change[name])) &&
    Object.keys(change).every((name) => Object.hasOwn(fields, name));
  return known ? (change as ReviewChange) : null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
