// The change dialog's rules without a browser: typing, limits, what changed under it, refusals, fate (HMI-3).
import { describe, expect, test } from 'vitest';
import type { CommandView } from '../../../gateway/contract/command.ts';
import type { Offer, Statement } from '../../../gateway/contract/statement.ts';
import { type ChangeEvent, type ChangeFlow, nextFlow, startFlow } from '../../../hmi-web/model/change-flow.ts';
import { furtherOn, inOrder } from '../../../hmi-web/model/command-fate.ts';
import { checkTyped, nudge } from '../../../hmi-web/model/setpoint-input.ts';
import { missingParts } from '../../../hmi-web/model/signature-parts.ts';
import { checkStatement } from '../../../hmi-web/model/statement-check.ts';
import { demoTags } from '../support/demo-tags.ts';

const tags = demoTags(0);
function setpoint(id: string) {
  const tag = tags.find((entry) => entry.id === id);
  if (tag?.setpoint == null) throw new Error(`${id} is no setpoint`);
  return { ...tag, setpoint: tag.setpoint };
}
const tic = setpoint('BR101.TIC.SP');
const command = (state: CommandView['state'], stages = 1, id = 'c1') =>
  ({ id, state, stages: Array.from({ length: stages }), askedAt: '2026-01-01T00:00:00Z' }) as unknown as CommandView;
const offer = { statement: {}, expiresAt: '', requires: {} } as unknown as Offer;
const explanation = { code: 'signature-refused', what: '', detail: null, next: '', record: 1 };
const played = (start: ChangeFlow, ...events: ChangeEvent[]) => events.reduce(nextFlow, start);
const asked: ChangeEvent = { kind: 'asked', command: command('asked'), offer, check: { kind: 'as-shown' } };
const signing = played(startFlow(37, ''), { kind: 'typed', text: '37.5' }, { kind: 'asking' }, asked);

describe('HMI-3: while a value is typed', () => {
  test.each([
    ['37.5', 'fine'],
    ['37,5', 'fine'],
    ['', 'empty'],
    ['abc', 'wrong'],
    ['1e3', 'wrong'],
    ['Infinity', 'wrong'],
    ['29.9', 'wrong'],
    ['40.1', 'wrong'],
    ['37.55', 'wrong'],
    ['39.1', 'wrong'],
    ['39', 'fine'],
    ['37.0', 'wrong'],
  ])('%j is %s', (typed, kind) => {
    expect(checkTyped(tic, typed, 37).kind).toBe(kind);
  });
  test('says which limit was met', () => {
    expect(checkTyped(tic, '29', 30)).toMatchObject({ text: 'Not below 30.0\u00a0°C.' });
    expect(checkTyped(tic, '39.5', 37)).toMatchObject({ text: expect.stringContaining('At most 2\u00a0°C') });
  });
  test('plus and minus keep to the grid, the limits and the step', () => {
    expect(nudge(tic, 37, 1, 37)).toBe(37.1);
    expect(nudge(tic, 39, 1, 37)).toBe(39);
    expect(nudge(tic, 30, -1, 31)).toBe(30);
  });
});

describe('HMI-3: between asking and signing', () => {
  const shown = { tagId: tic.id, terminalId: 't', value: 37.5, unit: '°C', observed: 37, tolerance: 0.05 };
  const statement = {
    purpose: 'command',
    tag: tic.id,
    terminal: 't',
    unit: '°C',
    value: 37.5,
    observed: { value: 37.01 },
  } as unknown as Statement;
  const change = (part: object) => checkStatement({ ...statement, ...part } as Statement, shown).kind;
  test('SIG-6: only a statement that says what is shown may be signed', () => {
    expect(change({})).toBe('as-shown');
    expect(change({ value: 37.4 })).toBe('rounded');
    expect(change({ observed: { value: 38 } })).toBe('changed');
    expect(change({ tag: 'BR101.PH.SP' })).toBe('foreign');
    expect(change({ terminal: 'another' })).toBe('foreign');
    expect(change({ unit: 'K' })).toBe('foreign');
    expect(change({ value: true })).toBe('foreign');
    expect(change({ purpose: 'decline' })).toBe('foreign');
  });
  test('a foreign statement is never offered for signing', () => {
    const flow = played(startFlow(37, '37.5'), { kind: 'asking' }, { ...asked, check: { kind: 'foreign' } });
    expect(flow).toMatchObject({ stage: 'typing', offer: null, refusal: { code: 'foreign-statement' } });
  });
  test('the device’s rounding is shown before it is signed', () => {
    const flow = played(
      startFlow(37, '37.44'),
      { kind: 'asking' },
      { ...asked, check: { kind: 'rounded', value: 37.4 } },
    );
    expect(flow).toMatchObject({ stage: 'signing', rounded: 37.4, typed: '37.44' });
  });
  test('CMD-3: a value that moved must be taken note of before anything is signed', () => {
    const moved = nextFlow(signing, { kind: 'plant-moved', to: 38 });
    expect(nextFlow(moved, { kind: 'sending' }).stage).toBe('signing');
    const noted = nextFlow(moved, { kind: 'move-noted' });
    expect(noted).toMatchObject({ stage: 'typing', typed: '37.5', observed: 38, offer: null, movedTo: undefined });
    expect(nextFlow(moved, { kind: 'plant-returned' }).movedTo).toBeUndefined();
  });
  test('a gateway that saw another value leads to the same question', () => {
    const flow = played(startFlow(37, '37.5'), { kind: 'asking' }, { kind: 'ask-refused', explanation, current: 38 });
    expect(flow).toMatchObject({ stage: 'typing', movedTo: 38, typed: '37.5' });
  });
});

describe('HMI-3: after signing', () => {
  const sending = nextFlow(signing, { kind: 'sending' });
  test('SIG-10: a wrong password keeps the command, the statement and what was typed', () => {
    const flow = nextFlow(sending, { kind: 'sign-refused', explanation, ends: false });
    expect(flow).toMatchObject({ stage: 'signing', offer, typed: '37.5', refusal: explanation });
  });
  test('a refusal that ends the command leads back to the value that was typed', () => {
    const flow = nextFlow(sending, { kind: 'sign-refused', explanation, ends: true });
    expect(flow).toMatchObject({ stage: 'typing', offer: null, command: null, typed: '37.5' });
  });
  test('CMD-5: a lost answer is followed up: a report that it went on shows its fate', () => {
    const unsure = nextFlow(sending, { kind: 'sign-refused', explanation, ends: false });
    expect(nextFlow(unsure, { kind: 'reported', command: command('accepted', 3) }).stage).toBe('following');
    expect(nextFlow(unsure, { kind: 'reported', command: command('asked', 1) }).stage).toBe('signing');
    expect(nextFlow(unsure, { kind: 'reported', command: command('accepted', 3, 'another') }).stage).toBe('signing');
  });
  test('an event that overtook the answer is not undone by it', () => {
    const flow = played(
      sending,
      { kind: 'reported', command: command('confirmed', 5) },
      { kind: 'signed', command: command('written', 4) },
    );
    expect(flow.command?.state).toBe('confirmed');
    expect(furtherOn(command('unknown', 5), command('resolved', 6)).state).toBe('resolved');
  });
});

test('SIG-3: the form asks for what the gateway requires, in its order', () => {
  const requires = {
    components: ['username' as const, 'password' as const],
    meanings: ['responsibility' as const],
    reasonCodes: [{ code: 'a', text: 'A' }],
    reason: 'required' as const,
    comment: 'required' as const,
    countersignatures: 0,
  };
  const empty = { reason: null, comment: ' ', meaning: null, asksName: true, username: '', password: '' };
  expect(Object.keys(missingParts(requires, empty))).toEqual(['reason', 'comment', 'meaning', 'username', 'password']);
  expect(
    missingParts(
      { ...requires, comment: 'optional', reason: 'optional' },
      { ...empty, meaning: 'responsibility', asksName: false, password: 'x' },
    ),
  ).toEqual({});
});

test('HMI-1: open commands come first, the newest first', () => {
  const entry = (id: string, state: CommandView['state'], askedAt: string) =>
    ({ ...command(state, 1, id), askedAt }) as CommandView;
  const ordered = inOrder([
    entry('a', 'confirmed', '3'),
    entry('b', 'asked', '1'),
    entry('c', 'awaiting-countersignature', '2'),
  ]);
  expect(ordered.map((one) => one.id)).toEqual(['c', 'b', 'a']);
});
