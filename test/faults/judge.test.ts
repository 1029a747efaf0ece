import { describe, expect, it } from 'vitest';
import { type Draft, historyOf, modbusTag, newTerminal, opcuaTag, writeOf } from './forged-history.ts';
import type { History } from './history.ts';
import { judge } from './judge.ts';

const first: Draft = {
  id: 'a',
  tag: opcuaTag,
  old: 37,
  value: 38,
  atMs: 0,
  closing: 'confirmed',
  readBack: { value: 38, atMs: 100 },
};
const second: Draft = {
  id: 'b',
  tag: modbusTag,
  old: 80,
  value: 82,
  atMs: 1000,
  closing: 'confirmed',
  readBack: { value: 82, atMs: 1100 },
};
const shown = [
  { tag: opcuaTag, atMs: -10, value: 37 },
  { tag: opcuaTag, atMs: 50, value: 38 },
  { tag: modbusTag, atMs: -10, value: 80 },
  { tag: modbusTag, atMs: 1050, value: 82 },
];
const stayed = shown.filter(({ atMs }) => atMs < 0);
const writes = [writeOf(first, 50), writeOf(second, 1050)];

async function texts(history: Promise<History>): Promise<string> {
  return (await judge(await history)).map(({ text }) => text).join('\n');
}

// Each forgery differs in one thing from a history that is found true.
describe('the judge of a fault run', () => {
  it('CMD-5: finds nothing in true histories', async () => {
    expect(await texts(historyOf([first, second], writes, shown))).toBe('');
    expect(await texts(historyOf([{ ...first, closing: 'unknown' }], [writes[0] ?? never()], shown))).toBe('');
    expect(await texts(historyOf([{ ...first, closing: 'unknown' }], [], stayed))).toBe('');
    expect(await texts(historyOf([{ ...first, closing: 'failed', code: 'not-sent' }], [], stayed))).toBe('');
    const reverted: Draft = { ...first, closing: 'failed', readBack: { value: 37, atMs: 300 } };
    const back = [...shown, { tag: opcuaTag, atMs: 200, value: 37 }];
    expect(await texts(historyOf([reverted], [writeOf(first, 50)], back))).toBe('');
    const rejected: Draft = { ...first, closing: 'rejected' };
    expect(await texts(historyOf([rejected], [writeOf(first, 50, { status: 'refused' })], stayed))).toBe('');
    const expired: Draft = { ...first, accepted: false, signers: [], signaturesNeeded: 1, closing: 'expired' };
    expect(await texts(historyOf([expired], [], stayed))).toBe('');
  });

  it('CMD-4: a write without an intent', async () => {
    const stranger = writeOf({ id: 'z', tag: opcuaTag, value: 39 }, 60);
    expect(await texts(historyOf([first, second], [...writes, stranger], shown))).toContain('no signed intent');
    const unnamed = writeOf(first, 60, { auditEntryId: null });
    expect(await texts(historyOf([first, second], [...writes, unnamed], shown))).toContain('no signed intent');
    const modbus = writeOf({ id: '', tag: modbusTag, value: 84 }, 1060);
    expect(await texts(historyOf([first, second], [...writes, modbus], shown))).toContain('no signed intent');
  });

  it('CMD-4: a write before its intent, after its time, of another value or to another tag', async () => {
    for (const wrong of [
      writeOf(first, 5),
      writeOf(first, 12_000),
      writeOf(first, 50, { value: 38.5 }),
      writeOf(first, 50, { point: 'BR101.PH.SP' }),
    ])
      expect(await texts(historyOf([first], [wrong], shown))).toContain('no signed intent');
    expect(await texts(historyOf([second], [writeOf(second, 1005)], shown))).toContain('no signed intent');
  });

  it('CMD-5: one intent, two writes', async () => {
    expect(await texts(historyOf([first], [writeOf(first, 50), writeOf(first, 60)], shown))).toContain(
      'written 2 times',
    );
    expect(await texts(historyOf([second], [writeOf(second, 1050), writeOf(second, 1060)], shown))).toContain(
      'written 2 times',
    );
    // Two intents about the same may have a write each.
    const again: Draft = { ...second, id: 'c', atMs: 1020, closing: 'unknown' };
    expect(await texts(historyOf([second, again], [writeOf(second, 1050), writeOf(again, 1060)], shown))).toBe('');
  });

  it('SIG-1, SIG-5: an intent that lacks a signature, or has one person’s twice', async () => {
    expect(await texts(historyOf([{ ...first, signaturesNeeded: 2 }], [writeOf(first, 50)], shown))).toContain(
      '1 of 2 signatures',
    );
    const twice: Draft = { ...first, signers: ['operator', 'operator'] };
    expect(await texts(historyOf([twice], [writeOf(first, 50)], shown))).toContain('1 of 2 signatures');
    const nobody: Draft = { ...first, signers: [], signaturesNeeded: 1 };
    expect(await texts(historyOf([nobody], [writeOf(first, 50)], shown))).toContain('0 of 1 signatures');
  });

  it('SIG-1, CMD-10: a machine’s proposal that was written though nobody asked for it', async () => {
    const proposed: Draft = { ...first, proposed: true };
    expect(await texts(historyOf([proposed], [writeOf(first, 50)], shown))).toContain('nobody asked for it');
    const declined: Draft = { ...proposed, signers: [], signaturesNeeded: 1, accepted: false, closing: 'declined' };
    expect(await texts(historyOf([declined], [], stayed))).toBe('');
  });

  it('CMD-13: break-glass that is not owned up to, or settled without the signatures that it owed', async () => {
    const glass: Draft = { ...first, breakGlass: true, signaturesNeeded: 2, afterwards: ['supervisor'] };
    const history = await historyOf([glass], [writeOf(first, 50)], shown);
    expect(await texts(Promise.resolve(history))).toBe('');
    const records = history.records.filter(({ kind }) => kind !== 'break-glass.used');
    expect(await texts(Promise.resolve({ ...history, records }))).toContain('no record says so');
    expect(await texts(historyOf([{ ...glass, afterwards: [] }], [writeOf(first, 50)], shown))).toContain(
      'settled on 1 of 2',
    );
    expect(await texts(historyOf([{ ...glass, afterwards: ['operator'] }], [writeOf(first, 50)], shown))).toContain(
      'signed a twice',
    );
    const plain: Draft = { ...first, afterwards: ['supervisor'] };
    expect(await texts(historyOf([plain], [writeOf(first, 50)], shown))).toContain('signed after it was accepted');
  });

  it('CMD-6: a resolution that nobody signed, about something else, or of what was no question', async () => {
    const resolved = { found: 'reached', about: 'a' };
    const unknown: Draft = { ...first, closing: 'unknown', resolved };
    expect(await texts(historyOf([unknown], writes.slice(0, 1), shown))).toBe('');
    expect(await texts(historyOf([{ ...first, resolved }], writes.slice(0, 1), shown))).toContain('and was resolved');
    for (const [wrong, text] of [
      [{ ...resolved, about: 'b' }, 'something else'],
      [{ ...resolved, found: 'not-reached' }, 'something else was found'],
    ] as const)
      expect(await texts(historyOf([{ ...unknown, resolved: wrong }], writes.slice(0, 1), shown))).toContain(text);
  });

  it('SIG-7: a signature without its passkey’s answer, where the policy asks for one', async () => {
    const passkeyTags = new Set([opcuaTag]);
    expect(await texts(historyOf([first], [writeOf(first, 50)], shown, { passkeyTags }))).toContain('no passkey');
    const history = await historyOf([first], [writeOf(first, 50)], shown, { passkeyTags });
    const client = { type: 'webauthn.get', challenge: 'of another statement' };
    const clientDataJSON = Buffer.from(JSON.stringify(client)).toString('base64url');
    const records = history.records.map((record) =>
      record.kind === 'command.signed'
        ? { ...record, signature: { ...(record.signature as object), assertion: { response: { clientDataJSON } } } }
        : record,
    );
    expect(await texts(Promise.resolve({ ...history, records }))).toContain('to another statement');
  });

  it('SIG-6: a signature of another terminal, or about another value', async () => {
    const keys = new Map([['terminal', (await newTerminal()).jwk]]);
    expect(await texts(historyOf([first], [writeOf(first, 50)], shown, { keys }))).toContain('carries no signature');
    const history = await historyOf([first], [writeOf(first, 50)], shown);
    const records = history.records.map((record) => ({ ...record, new: 38.01 }));
    expect(await texts(Promise.resolve({ ...history, records }))).toContain('another value');
  });

  it('CMD-1: a command that was never closed, or twice', async () => {
    expect(await texts(historyOf([{ ...first, closing: null }], [writeOf(first, 50)], shown))).toContain(
      'never closed',
    );
    const history = await historyOf([first], [writeOf(first, 50)], shown);
    const last = history.records.at(-1) ?? never();
    const records = [...history.records, { ...last, seq: last.seq + 1, kind: 'command.unknown' }];
    expect(await texts(Promise.resolve({ ...history, records }))).toContain('closed 2 times');
    const orphans = history.records.slice(1);
    expect(await texts(Promise.resolve({ ...history, records: orphans }))).toContain('nobody asked for');
  });

  it('CMD-5: confirmed, and the PLC ignored it: true only where an earlier write of the value came to show just then', async () => {
    const before: Draft = { id: 'early', tag: opcuaTag, old: 37, value: 38, atMs: 0, closing: 'unknown' };
    const after: Draft = {
      ...before,
      id: 'late',
      atMs: 1000,
      closing: 'confirmed',
      readBack: { value: 38, atMs: 1060 },
    };
    const ignored = writeOf(after, 1040, { status: 'ignored' });
    const arrivesAt = (atMs: number) => [
      { tag: opcuaTag, atMs: -10, value: 37 },
      { tag: opcuaTag, atMs, value: 38 },
    ];
    expect(await texts(historyOf([before, after], [writeOf(before, 20), ignored], arrivesAt(1045)))).toBe('');
    // It was there before the intent: the look before the write should have seen it.
    const wrong = 'did not apply it';
    expect(await texts(historyOf([before, after], [writeOf(before, 20), ignored], arrivesAt(900)))).toContain(wrong);
    // No earlier write of this value can have brought it: refused, of another value, or not the last one applied.
    const refused = writeOf(before, 20, { status: 'refused' });
    expect(await texts(historyOf([before, after], [refused, ignored], arrivesAt(1045)))).toContain(wrong);
    const other: Draft = { ...before, id: 'other', value: 36 };
    expect(await texts(historyOf([other, after], [writeOf(other, 20), ignored], arrivesAt(1045)))).toContain(wrong);
    const between = [writeOf(before, 20), writeOf(other, 520), ignored];
    const lives = [before, { ...other, atMs: 500 }, after];
    expect(await texts(historyOf(lives, between, arrivesAt(1045)))).toContain(wrong);
    // It refused it, so that its answer told.
    const denied = writeOf(after, 1040, { status: 'refused' });
    expect(await texts(historyOf([before, after], [writeOf(before, 20), denied], arrivesAt(1045)))).toContain(wrong);
  });

  it('CMD-5: confirmed, and the PLC did not have it, apply it, or show it', async () => {
    expect(await texts(historyOf([first], [], stayed))).toContain('the PLC never had it');
    expect(await texts(historyOf([first], [writeOf(first, 50, { status: 'refused' })], shown))).toContain(
      'did not apply it',
    );
    // Also where an earlier command brought the value.
    expect(await texts(historyOf([first], [writeOf(first, 50, { status: 'ignored' })], shown))).toContain(
      'did not apply it',
    );
    expect(await texts(historyOf([first], [writeOf(first, 50)], stayed))).toContain('did not show');
    // Reverted before the read-back.
    const reverted = [...shown, { tag: opcuaTag, atMs: 60, value: 37 }];
    const late: Draft = { ...first, readBack: { value: 37, atMs: 100 } };
    expect(await texts(historyOf([late], [writeOf(first, 50)], reverted))).toContain('another value');
    const { readBack: _, ...unread } = first;
    expect(await texts(historyOf([unread], [writeOf(first, 50)], shown))).toContain('without a read-back');
  });

  it('CMD-5: rejected, and the PLC took it or saw nothing', async () => {
    const rejected: Draft = { ...first, closing: 'rejected' };
    expect(await texts(historyOf([rejected], [writeOf(first, 50)], shown))).toContain('rejected by the PLC');
    expect(await texts(historyOf([rejected], [], stayed))).toContain('saw nothing');
  });

  it('CMD-5: failed, and the PLC had it after all, or came there by itself', async () => {
    const unsent: Draft = { ...first, closing: 'failed', code: 'not-sent' };
    expect(await texts(historyOf([unsent], [writeOf(first, 50)], shown))).toContain('as never sent');
    const failed: Draft = { ...first, closing: 'failed', readBack: { value: 37.4, atMs: 100 } };
    const moving = [...stayed, { tag: opcuaTag, atMs: 60, value: 37.4 }, { tag: opcuaTag, atMs: 300, value: 38 }];
    expect(await texts(historyOf([failed], [writeOf(first, 50)], moving))).toContain('by itself');
    expect(await texts(historyOf([failed], [writeOf(first, 50)], moving.slice(0, -1)))).toBe('');
    expect(await texts(historyOf([failed], [writeOf(first, 50)], stayed))).toContain('did not show');
    // Nobody sees through a display that stands still: then it is not failed, it is unknown.
    const still: Draft = { ...failed, readBack: { value: 37, atMs: 100 } };
    expect(await texts(historyOf([still], [writeOf(first, 50)], stayed))).toContain('nothing but the old value');
    expect(await texts(historyOf([still], [writeOf(first, 50, { status: 'ignored' })], stayed))).toBe('');
  });

  it('CMD-5: gives each Modbus write to the command whose outcome speaks for it', async () => {
    const refused: Draft = { ...second, id: 'r', atMs: 990, closing: 'refused' };
    const rejected: Draft = { ...second, id: 's', atMs: 1040, value: 83, closing: 'rejected' };
    const none = writeOf({ ...rejected }, 1060, { value: null, status: 'refused', answer: 'exception 1' });
    const mixed = [writeOf(second, 1050), none];
    expect(await texts(historyOf([refused, second, rejected], mixed, shown))).toBe('');
    expect(await texts(historyOf([refused, rejected], mixed, shown))).toContain('is refused, and was written');
  });

  it('CMD-1: refused, expired, withdrawn or declined, and written', async () => {
    for (const closing of ['refused', 'expired', 'withdrawn', 'declined'])
      expect(await texts(historyOf([{ ...first, closing }], [writeOf(first, 50)], shown))).toContain('and was written');
  });

  it('CMD-5: somebody was told something other than the log says', async () => {
    const lie = { told: [{ command: 'a', state: 'failed' }] };
    expect(await texts(historyOf([first], [writeOf(first, 50)], shown, lie))).toContain('somebody was told');
    const truth = { told: [{ command: 'a', state: 'confirmed' }] };
    expect(await texts(historyOf([first], [writeOf(first, 50)], shown, truth))).toBe('');
    const lost = { told: [{ command: 'q', state: 'confirmed' }] };
    expect(await texts(historyOf([first], [writeOf(first, 50)], shown, lost))).toContain('not in the log');
  });
});

function never(): never {
  throw new Error('the forged history lacks a part');
}
