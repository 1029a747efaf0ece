import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { protocols } from '../../../gateway/drivers/registry.ts';
import { loadSettings } from '../../../gateway/settings/load.ts';
import { ConfigurationError, type ConfigurationMistake } from '../../../gateway/settings/mistake.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function demoCopy(edits: Record<string, (text: string) => string> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-settings-'));
  folders.push(folder);
  cpSync(join(import.meta.dirname, '../../../config/demo'), folder, { recursive: true });
  for (const name of ['upstream', 'utilities'])
    writeFileSync(join(folder, 'screens', `${name}.svg`), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  for (const [name, edit] of Object.entries(edits)) {
    const before = readFileSync(join(folder, name), 'utf8');
    const after = edit(before);
    if (after === before) throw new Error(`the edit of ${name} changed nothing`);
    writeFileSync(join(folder, name), after);
  }
  return folder;
}

function mistakesOf(
  edits: Record<string, (text: string) => string>,
  environment: NodeJS.ProcessEnv = {},
): readonly ConfigurationMistake[] {
  try {
    loadSettings(demoCopy(edits), protocols, environment);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.mistakes;
    throw error;
  }
  throw new Error('the configuration was accepted');
}

/** Line (from 1) of the first occurrence of a text in a demo file. */
function lineOf(file: string, text: string): number {
  const lines = readFileSync(join(import.meta.dirname, '../../../config/demo', file), 'utf8').split('\n');
  return lines.findIndex((line) => line.includes(text)) + 1;
}

describe('loading the configuration', () => {
  it('OPS-2: takes the demo plant whole, with a digest that follows its content', () => {
    const settings = loadSettings(demoCopy(), protocols, {});
    expect(settings.plant.tags.map((tag) => tag.index)).toEqual(settings.plant.tags.map((_tag, index) => index));
    expect(settings.plant.tags.find((tag) => tag.id === 'BR101.TIC.SP')?.setpoint).toMatchObject({
      min: 30,
      max: 40,
      maxStep: 2,
    });
    expect(settings.plant.tags.find((tag) => tag.id === 'WFI.PUMP.CMD')?.setpoint?.policy.signatures).toBe(2);
    expect(settings.http.port).toBe(8080);
    const changed = loadSettings(
      demoCopy({ 'tags.yaml': (text) => text.replace('maxStep: 2', 'maxStep: 1') }),
      protocols,
      {},
    );
    expect(changed.digest).not.toBe(settings.digest);
  });

  it('OPS-2: takes ports from the environment, as numbers', () => {
    const settings = loadSettings(demoCopy(), protocols, {
      COUNTERSIGN_HTTP_PORT: '9090',
      COUNTERSIGN_OPCUA_PORT: '4999',
    });
    expect(settings.http.port).toBe(9090);
    expect(settings.plant.connections[0]?.endpoint).toBe('opc.tcp://127.0.0.1:4999');
  });

  it('OPS-2: names file, line, column and remedy of an unknown field', () => {
    const [mistake, ...others] = mistakesOf({ 'tags.yaml': (text) => text.replace('    unit: °C', '    unti: °C') });
    expect(others).toEqual([]);
    expect(mistake).toMatchObject({
      file: 'tags.yaml',
      line: lineOf('tags.yaml', '    unit: °C'),
      column: expect.any(Number),
      remedy: 'Did you mean "unit"?',
    });
    expect(mistake?.what).toContain('unti');
  });

  const cases: [string, string, string, string, RegExp][] = [
    ['a wrong word', 'tags.yaml', 'dataType: float32', 'dataType: float23', /Did you mean "float32"/],
    ['an unknown area', 'tags.yaml', 'area: upstream', 'area: upstrem', /Did you mean "upstream"/],
    ['an unknown signing policy', 'tags.yaml', 'policy: machine', 'policy: machines', /Did you mean "machine"/],
    ['an unknown tag to follow', 'tags.yaml', 'follows: BR101.TIC.PV', 'follows: BR101.TIC.PX', /Did you mean/],
    [
      'a limit the wrong way round',
      'tags.yaml',
      'max: 40\n      maxStep: 2',
      'max: 20\n      maxStep: 2',
      /Exchange or correct/,
    ],
    ['a text for a number', 'tags.yaml', 'maxStep: 20', 'maxStep: twenty', /number/],
    [
      'a setpoint on an input register',
      'tags.yaml',
      '{ table: coil, register: 0, type: bool }',
      '{ table: discrete, register: 0, type: bool }',
      /Remove "setpoint"/,
    ],
    [
      'two tags writing one place',
      'tags.yaml',
      '{ table: holding, register: 2, type: uint16 }',
      '{ table: holding, register: 0, type: uint16 }',
      /CMD-7/,
    ],
    [
      'CMD-7: a register that is half of another setpoint',
      'tags.yaml',
      '{ table: holding, register: 2, type: uint16 }',
      '{ table: holding, register: 1, type: uint16 }',
      /Correct address or type of one/,
    ],
    [
      'CMD-7: a node that is spelt in another way',
      'tags.yaml',
      's=BR101.PH.SP }\n    setpoint',
      's=BR101.TIC.SP }\n    setpoint',
      /Make one of them read-only/,
    ],
    [
      'CMD-7: a node named by index that may be one named by URI',
      'tags.yaml',
      'nsu=urn:countersign:demo-plant;s=BR101.PH.SP }\n    setpoint',
      'ns=1;s=BR101.TIC.SP }\n    setpoint',
      /Name both by URI/,
    ],
    [
      'CMD-2: a permissive on an unknown tag',
      'tags.yaml',
      'mode: BR101.TIC.MODE }',
      'mode: BR101.TIC.MOD }',
      /Did you mean "BR101.TIC.MODE"/,
    ],
    [
      'CMD-2: a condition with an unknown word',
      'tags.yaml',
      'when: mode == 1',
      'when: modus == 1',
      /Known here are: mode, value/,
    ],
    [
      'CMD-2: a condition that compares what cannot be compared',
      'tags.yaml',
      'when: mode == 1',
      'when: mode == 1.0',
      /with a point/,
    ],
    ['CMD-2: a condition that is none', 'tags.yaml', 'when: mode == 1', 'when: mode', /Compare with something/],
    [
      'CMD-2: a word that means something else',
      'tags.yaml',
      'reads: { mode:',
      'reads: { value:',
      /Choose another word/,
    ],
    [
      'CMD-2: a rate below one step',
      'tags.yaml',
      'maxStep: 2\n',
      'maxStep: 2\n      rate: { max: 1, withinSeconds: 60 }\n',
      /at least "maxStep"/,
    ],
    [
      'CMD-5: an unknown feedback',
      'tags.yaml',
      'feedback: WFI.PUMP.RUN',
      'feedback: WFI.PUMP.RUM',
      /Did you mean "WFI.PUMP.RUN"/,
    ],
    [
      'CMD-5: a feedback that can never be equal',
      'tags.yaml',
      'feedback: WFI.PUMP.RUN',
      'feedback: WFI.FIC.PV',
      /Say with "expect"/,
    ],
    ['CMD-5: a rest that the tag cannot hold', 'tags.yaml', 'feedback: WFI.PUMP.RUN', 'rest: 3', /Correct "rest"/],
    ['an unknown protocol', 'connections.yaml', 'protocol: modbus', 'protocol: modbuss', /Did you mean "modbus"/],
    [
      'a reason that is not listed',
      'signing.yaml',
      'reasons: [batch-step, adjustment,',
      'reasons: [batch-step, adjustmnt,',
      /Did you mean "adjustment"/,
    ],
    [
      'a policy without any reason',
      'signing.yaml',
      'reason: required\n    comment: optional',
      'reason: optional\n    comment: optional',
      /SIG-2/,
    ],
    ['an unknown time zone', 'gateway.yaml', 'Europe/Berlin', 'Europe/Berlim', /./],
    ['an unknown permission', 'gateway.yaml', 'deny: [command]', 'deny: [comand]', /Did you mean "command"/],
    [
      'an administrator who also signs',
      'gateway.yaml',
      'export-audit, administer]',
      'export-audit, administer, command]',
      /IDN-6/,
    ],
    ['a demo that listens to the world', 'gateway.yaml', 'host: 127.0.0.1', 'host: 0.0.0.0', /remove "demo"/],
    [
      'a demo with real equipment',
      'connections.yaml',
      'tcp://127.0.0.1:${COUNTERSIGN_MODBUS',
      'tcp://10.0.0.5:${COUNTERSIGN_MODBUS',
      /remove "demo"/,
    ],
    [
      'an area in a circle',
      'areas.yaml',
      '{ id: site, name: Site }',
      '{ id: site, name: Site, parent: upstream }',
      /no parent/,
    ],
    ['broken YAML', 'areas.yaml', 'areas:', 'areas: [', /indentation/],
  ];
  it.each(cases)('OPS-2: refuses %s, with line and remedy', (_name, file, from, to, remedy) => {
    const mistakes = mistakesOf({ [file]: (text) => text.replace(from, to) });
    const mistake = mistakes.find((candidate) => remedy.test(`${candidate.what} ${candidate.remedy}`));
    expect(mistake, JSON.stringify(mistakes)).toBeDefined();
    expect(mistake?.file).toBe(file);
    expect(mistake?.line).toBeGreaterThan(0);
    expect(mistake?.remedy).not.toBe('');
  });

  it('OPS-2: names every mistake at once', () => {
    const mistakes = mistakesOf({
      'tags.yaml': (text) =>
        text.replace('area: upstream', 'area: upstrem').replace('policy: machine', 'policy: machines'),
    });
    expect(mistakes).toHaveLength(2);
  });

  it('OPS-2: refuses a missing file, a missing folder and a missing variable', () => {
    const folder = demoCopy();
    rmSync(join(folder, 'signing.yaml'));
    expect(() => loadSettings(folder, protocols, {})).toThrow(/signing\.yaml:1:1/);
    expect(() => loadSettings(join(folder, 'nowhere'), protocols, {})).toThrow(/no such folder/);
    const [mistake] = mistakesOf({
      'gateway.yaml': (text) => text.replace('${COUNTERSIGN_HTTP_PORT:-8080}', '${COUNTERSIGN_HTTP_PORT}'),
    });
    expect(mistake?.what).toContain('COUNTERSIGN_HTTP_PORT');
  });

  it('OPS-2: names the place where a file is not UTF-8, and refuses aliases before they unfold', () => {
    const folder = demoCopy();
    const areas = join(folder, 'areas.yaml');
    const text = readFileSync(areas);
    writeFileSync(areas, Buffer.concat([Buffer.from('# Bär\n# M'), Buffer.from([0xfc]), Buffer.from('ller\n'), text]));
    expect(() => loadSettings(folder, protocols, {})).toThrow(/areas\.yaml:2:4: The file is not UTF-8/);
    writeFileSync(areas, Buffer.from(`\uFEFF${text.toString('utf8')}`, 'utf16le'));
    expect(() => loadSettings(folder, protocols, {})).toThrow(/areas\.yaml:1:1: The file is not UTF-8/);
    const bomb = [
      'a: &a [x, x, x]',
      ...[...'bcdefghijk'].map((name, at) => {
        const former = `*${'abcdefghij'[at]}`;
        return `${name}: &${name} [${Array(9).fill(former).join(', ')}]`;
      }),
      'areas: *k',
    ];
    writeFileSync(areas, bomb.join('\n'));
    expect(() => loadSettings(folder, protocols, {})).toThrow(
      /areas\.yaml:2:8: The alias \*a is not taken here\. Write out/,
    );
    const [mistake] = mistakesOf({ 'tags.yaml': (tags) => tags.replace('maxStep: 2', 'maxStep: 0') });
    expect(mistake?.remedy).toContain('more than 0');
  });

  it('SIG-7: a policy says which components a signature takes; what it cannot mean is refused', () => {
    const given = (components: string) => ({
      'signing.yaml': (text: string) =>
        text.replace('    signatures: 1\n', `    signatures: 1\n    components: ${components}\n`),
    });
    const policyOf = (edits: Record<string, (text: string) => string>) =>
      loadSettings(demoCopy(edits), protocols, {}).plant.tags.find(({ id }) => id === 'BR101.TIC.SP')?.setpoint?.policy;
    expect(policyOf(given('password-and-passkey'))?.components).toBe('password-and-passkey');
    expect(policyOf(given('passkey'))?.components).toBe('passkey');
    expect(policyOf({})?.components).toBeUndefined();
    expect(mistakesOf(given('none')).map(({ file }) => file)).toContain('signing.yaml');
    const at = (origin: string) => ({
      'gateway.yaml': (text: string) =>
        text.replace('  host: 127.0.0.1\n', `  host: 127.0.0.1\n  origins: [${origin}]\n`),
    });
    const passkey = given('passkey');
    expect(mistakesOf({ ...passkey, ...at('http://192.0.2.7') })).toMatchObject([{ file: 'signing.yaml' }]);
    expect(policyOf({ ...passkey, ...at('https://hmi.plant.example') })?.components).toBe('passkey');
  });
});
