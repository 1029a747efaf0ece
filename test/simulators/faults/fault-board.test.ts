// Injection, counting and clearing of faults, and what is refused as a fault.
import { describe, expect, it } from 'vitest';
import type { Fault } from '../../../simulators/faults/fault.ts';
import { createFaultBoard } from '../../../simulators/faults/fault-board.ts';

const read = { protocol: 'modbus', points: ['WFI.TIC.PV'], on: 'reads' } as const;
const write = { protocol: 'modbus', points: ['WFI.TIC.SP'], on: 'writes' } as const;

describe('the fault board', () => {
  it('SIM-2: a counted fault strikes that often and is gone', () => {
    const board = createFaultBoard();
    const id = board.inject({ protocol: 'modbus', kind: 'exception', code: 4, times: 2 });
    expect([read, read, read].map((question) => board.strike('exception', question)?.code)).toEqual([4, 4, undefined]);
    expect(board.active()).toEqual([]);
    expect(board.struck(id)).toBe(2);
  });

  it('SIM-2: meets only its protocol, its points and its kind of request', () => {
    const board = createFaultBoard();
    board.inject({ protocol: 'modbus', kind: 'never-answer', on: 'writes', points: ['WFI.TIC.SP'] });
    expect(board.find('never-answer', write)).not.toBeNull();
    expect(board.find('never-answer', { ...write, points: ['WFI.FIC.SP'] })).toBeNull();
    expect(board.find('never-answer', { ...write, points: ['WFI.FIC.SP', 'WFI.TIC.SP'] })).not.toBeNull();
    expect(board.find('never-answer', { ...write, on: 'reads' })).toBeNull();
    expect(board.find('never-answer', { ...write, protocol: 'opcua' })).toBeNull();
    expect(board.find('exception', write)).toBeNull();
  });

  it('SIM-2: drops meet writes unless told otherwise', () => {
    const board = createFaultBoard();
    board.inject({ protocol: 'modbus', kind: 'drop-connection' });
    expect(board.find('drop-connection', read)).toBeNull();
    expect(board.find('drop-connection', write)).not.toBeNull();
  });

  it('SIM-2: clear ends everything and tells those who hold something back', () => {
    const board = createFaultBoard();
    let told = 0;
    const unsubscribe = board.onChange(() => {
      told += 1;
    });
    board.inject({ protocol: 'opcua', kind: 'ignore-write' });
    board.inject({ protocol: 'opcua', kind: 'clock-drift', offsetMs: 5000 });
    board.clear();
    expect(board.active()).toEqual([]);
    expect(told).toBe(3);
    unsubscribe();
    board.inject({ protocol: 'opcua', kind: 'ignore-write' });
    expect(told).toBe(3);
  });

  const wrong: readonly [string, unknown][] = [
    ['no object', null],
    ['an unknown kind', { protocol: 'modbus', kind: 'explode' }],
    ['an inherited name as kind', { protocol: 'modbus', kind: 'toString' }],
    ['an unknown field', { protocol: 'modbus', kind: 'ignore-write', speed: 1 }],
    ['another protocol', { protocol: 'dnp3', kind: 'ignore-write' }],
    ['a kind of the other protocol', { protocol: 'opcua', kind: 'late-answer' }],
    ['a delay without its time', { protocol: 'modbus', kind: 'delay-answers' }],
    ['a delay beyond ten minutes', { protocol: 'modbus', kind: 'delay-answers', ms: 600_001 }],
    ['an endless delay', { protocol: 'modbus', kind: 'delay-answers', ms: Number.POSITIVE_INFINITY }],
    ['a count of 0', { protocol: 'modbus', kind: 'ignore-write', times: 0 }],
    ['a counted freeze', { protocol: 'modbus', kind: 'freeze-value', times: 1 }],
    ['points that are no list', { protocol: 'modbus', kind: 'freeze-value', points: 'WFI.TIC.PV' }],
    ['OPC UA reads', { protocol: 'opcua', kind: 'delay-answers', ms: 1, on: 'reads' }],
    ['OPC UA bytes of a point', { protocol: 'opcua', kind: 'never-answer', points: ['BR101.TIC.SP'] }],
  ];
  it.each(wrong)('SIM-2: refuses %s', (_, fault) => {
    const board = createFaultBoard();
    expect(() => board.inject(fault as Fault)).toThrow(RangeError);
    expect(board.active()).toEqual([]);
  });

  it('SIM-2: holds at most a thousand faults', () => {
    const board = createFaultBoard();
    for (let i = 0; i < 1000; i += 1) board.inject({ protocol: 'modbus', kind: 'ignore-write' });
    expect(() => board.inject({ protocol: 'modbus', kind: 'ignore-write' })).toThrow(/1000 are active/);
  });
});
