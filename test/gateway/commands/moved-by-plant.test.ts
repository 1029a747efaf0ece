import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { isWritable, type WritableTag } from '../../../gateway/commands/checks.ts';
import { movedByPlant } from '../../../gateway/commands/moved-by-plant.ts';
import type { Latest } from '../../../gateway/contract/tag.ts';
import { protocols } from '../../../gateway/drivers/registry.ts';
import { loadSettings, type Settings } from '../../../gateway/settings/load.ts';
import { ConfigurationError } from '../../../gateway/settings/mistake.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** The demo's configuration, with a condition for BR101.PH.SP. */
function settingsWith(exceptWhen: string): Settings {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-moved-'));
  folders.push(folder);
  cpSync(join(import.meta.dirname, '../../../config/demo'), folder, { recursive: true });
  const file = join(folder, 'tags.yaml');
  const before = readFileSync(file, 'utf8');
  const after = before.replace(
    /(follows: BR101\.PH\.PV\n)/,
    `$1      unattributed:\n        exceptWhen: ${exceptWhen}\n`,
  );
  if (after === before) throw new Error('the edit changed nothing');
  writeFileSync(file, after);
  return loadSettings(folder, protocols, {});
}

function judged(mode: Partial<Latest>, exceptWhen = '{ reads: { mode: BR101.TIC.MODE }, when: mode == 0 }') {
  const { tags } = settingsWith(exceptWhen).plant;
  const latest: Latest = { value: 0, quality: 'good', reason: 'none', sourceTime: null, vouchedAt: null, ...mode };
  const isMoved = movedByPlant(tags, () => latest);
  const tag = (id: string): WritableTag => {
    const found = tags.find((one) => one.id === id);
    if (found === undefined || !isWritable(found)) throw new Error(`${id} cannot be written`);
    return found;
  };
  return { ph: isMoved(tag('BR101.PH.SP')), other: isMoved(tag('BR101.DO.SP')) };
}

describe('when the plant moves a setpoint itself', () => {
  test('CMD-11: as the tag’s condition says, for that tag alone', () => {
    expect(judged({ value: 0 })).toEqual({ ph: true, other: false });
    expect(judged({ value: 1 })).toEqual({ ph: false, other: false });
  });

  test('CMD-11: a condition that cannot be judged excludes nothing', () => {
    expect(judged({ value: 0, quality: 'bad' }).ph).toBe(false);
    expect(judged({ value: 0, quality: 'uncertain' }).ph).toBe(false);
    expect(judged({ value: null }).ph).toBe(false);
  });

  test.each([
    ['an unknown tag', '{ reads: { mode: BR101.TIC.MOD }, when: mode == 0 }', /Did you mean "BR101\.TIC\.MODE"/],
    ['an unknown word', '{ reads: { mode: BR101.TIC.MODE }, when: modus == 0 }', /Known here are: mode/],
    ['no condition', '{ reads: { mode: BR101.TIC.MODE } }', /when/],
    ['no tag', '{ reads: {}, when: 1 == 1 }', /names no tag/],
  ])('CMD-11, OPS-2: a condition with %s is refused with line and remedy', (_name, exceptWhen, remedy) => {
    const load = (): readonly string[] => {
      try {
        settingsWith(exceptWhen);
      } catch (error) {
        if (!(error instanceof ConfigurationError)) throw error;
        expect(error.mistakes.every(({ line }) => (line ?? 0) > 0)).toBe(true);
        return error.mistakes.map((mistake) => `${mistake.what} ${mistake.remedy}`);
      }
      throw new Error('the configuration was accepted');
    };
    expect(load().join('\n')).toMatch(remedy);
  });
});
