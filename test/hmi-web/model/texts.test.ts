// Every code of the contract has words, and there are no words for codes that do not exist: both directions.
import { expect, test } from 'vitest';
import { archiveStates } from '../../../gateway/contract/archive.ts';
import { recordKinds } from '../../../gateway/contract/audit-record.ts';
import { closedStates, commandStates } from '../../../gateway/contract/command-state.ts';
import { witnessStates } from '../../../gateway/contract/health.ts';
import { problemCodes } from '../../../gateway/contract/problem.ts';
import { accountStates, permissions, terminalStates } from '../../../gateway/contract/session.ts';
import { meanings } from '../../../gateway/contract/statement.ts';
import { connectionStates } from '../../../gateway/contract/tag.ts';
import { qualities, qualityReasons } from '../../../gateway/contract/values.ts';
import { fateOf, isClosed } from '../../../hmi-web/model/command-fate.ts';
import { explainError, explainProblem, nothingSent } from '../../../hmi-web/model/refusal-words.ts';
import * as en from '../../../hmi-web/texts/en.ts';
import { refusals } from '../../../hmi-web/texts/en-refusals.ts';

const pairs: [string, readonly string[], object][] = [
  ['refusals', problemCodes, refusals],
  ['command states', commandStates, en.commandStates],
  ['qualities', qualities, en.qualities],
  ['quality reasons', qualityReasons, en.qualityReasons],
  ['short quality reasons', qualityReasons, en.shortQualityReasons],
  ['meanings', meanings, en.meanings],
  ['connection states', connectionStates, en.connectionStates],
  ['terminal states', terminalStates, en.terminalStates],
  ['account states', accountStates, en.accountStates],
  ['permissions', permissions, en.permissions],
  ['record kinds', recordKinds, en.recordKinds],
  ['witness states', witnessStates, en.witnessStateWords],
  ['archive states', archiveStates, en.archiveStateWords],
];

test.each(pairs)('HMI-3: texts are complete for %s, in both directions', (_name, codes, words) => {
  expect(Object.keys(words).sort()).toEqual([...codes].sort());
});

test('HMI-3: every refusal says what happened and what to do next', () => {
  for (const code of problemCodes) {
    const { what, next } = explainProblem({ code });
    expect(what, code).toMatch(/\.$/);
    expect(next, code).toMatch(/\.$/);
  }
});

test('HMI-3: an unknown code is named, not hidden; the record and the detail are kept', () => {
  const words = explainProblem({ code: 'from-the-future', detail: 'Why.', record: 9 });
  expect(words.what).toContain('from-the-future');
  expect(words).toMatchObject({ detail: 'Why.', record: 9 });
  expect(explainProblem({ code: 'toString' }).what).toContain('toString');
});

test('CMD-5: no answer is never shown as a refusal that left the plant untouched', () => {
  const lost = explainError(new Error('network'));
  expect(lost.next).toContain('may or may not');
  expect(nothingSent(lost)).toEqual(lost);
});

test('CMD-5: a refusal says that nothing was sent, once, and only where that is certain', () => {
  for (const code of ['signature-refused', 'permissive-not-met', 'value-changed', 'log-unavailable'] as const)
    expect(nothingSent(explainProblem({ code })).next.match(/Nothing was sent to the plant/g), code).toHaveLength(1);
  for (const code of ['internal-fault', 'wrong-stage', 'statement-reused'] as const)
    expect(nothingSent(explainProblem({ code })).next, code).not.toContain('Nothing was sent');
});

test('CMD-5: only a confirmed command looks done; an unknown outcome is trouble', () => {
  for (const state of commandStates) {
    expect(fateOf({ state, outcome: null }).tone === 'done', state).toBe(state === 'confirmed');
    expect(isClosed(state), state).toBe(closedStates.has(state));
  }
  expect(fateOf({ state: 'unknown', outcome: null }).tone).toBe('trouble');
});
