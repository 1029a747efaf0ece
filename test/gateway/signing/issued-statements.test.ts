// Offers of action statements: one terminal, one use, a bound.
import { describe, expect, test } from 'vitest';
import type { TerminalId } from '../../../gateway/contract/ids.ts';
import { IssuedStatements } from '../../../gateway/signing/issued-statements.ts';

const terminal = 'T'.repeat(43) as TerminalId;
const other = 'O'.repeat(43) as TerminalId;
const subject = { purpose: 'revoke', about: 'terminal:x', description: 'Revoke', change: {} } as const;
const place = (nowMs = 0, at = terminal) => ({
  terminal: at,
  configuration: { seq: 1, digest: 'd' },
  nowMs,
  expiresAtMs: nowMs + 300_000,
});

function issue(issued: IssuedStatements, nowMs = 0, at = terminal) {
  const made = issued.issue(subject, place(nowMs, at));
  if (!made.ok) throw new Error(made.code);
  return made.statement;
}

describe('issued statements', () => {
  test('SIG-6: a statement is found by its terminal only, and used once', () => {
    const issued = new IssuedStatements();
    const statement = issue(issued);
    expect(issued.find(other, statement.nonce)).toMatchObject({ code: 'statement-altered' });
    expect(issued.find(terminal, statement.nonce)).toMatchObject({ ok: true });
    expect([issued.use(statement), issued.use(statement)]).toEqual([true, false]);
    expect(issued.find(terminal, statement.nonce)).toMatchObject({ code: 'statement-reused' });
  });

  test('SIG-6: a terminal holds 50 offers, the oldest gives way', () => {
    const issued = new IssuedStatements();
    const statements = Array.from({ length: 51 }, () => issue(issued));
    expect(statements.map((statement) => issued.find(terminal, statement.nonce).ok)).toEqual([
      false,
      ...Array.from({ length: 50 }, () => true),
    ]);
    expect(new Set(statements.map((statement) => statement.nonce)).size).toBe(51);
  });

  test('SIG-6: offers are forgotten when they expired', () => {
    const issued = new IssuedStatements();
    const statement = issue(issued);
    issue(issued, 300_001, other);
    expect(issued.find(terminal, statement.nonce)).toMatchObject({ code: 'statement-altered' });
  });
});
