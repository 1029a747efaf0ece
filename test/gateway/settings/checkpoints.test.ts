import { generateKeyPairSync } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { cosigner, formatWitnessKey, witnessKeyOf } from '../../../gateway/audit/cosignature.ts';
import { formatVkey, noteSigner, noteVerifier } from '../../../gateway/audit/signed-note.ts';
import { protocols } from '../../../gateway/drivers/registry.ts';
import { loadSettings, type Settings } from '../../../gateway/settings/load.ts';
import { ConfigurationError } from '../../../gateway/settings/mistake.ts';

const folder = mkdtempSync(join(tmpdir(), 'countersign-checkpoints-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const witnessKey = (name: string) =>
  formatWitnessKey(witnessKeyOf(cosigner(name, generateKeyPairSync('ed25519').privateKey)));

/** The demo's configuration with another `checkpoints`. */
function load(checkpoints: unknown, forwarding?: unknown): Settings {
  cpSync(join(import.meta.dirname, '../../../config/demo'), folder, { recursive: true });
  const file = join(folder, 'gateway.yaml');
  const text = readFileSync(file, 'utf8').replace(/^checkpoints:\n( .*\n)+/m, '');
  const more = forwarding === undefined ? '' : `forwarding: ${JSON.stringify(forwarding)}\n`;
  writeFileSync(file, `${text}\ncheckpoints: ${JSON.stringify(checkpoints)}\n${more}`);
  return loadSettings(folder, protocols, {});
}

function mistakes(checkpoints: unknown): string {
  try {
    load(checkpoints);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message;
    throw error;
  }
  return '';
}

describe('where checkpoints go', () => {
  it('AUD-3: takes witnesses with their keys, a folder and a broker', () => {
    const key = witnessKey('witness.example/w1');
    const broker = { name: 'broker', to: 'mqtt', url: 'mqtt://127.0.0.1:1883' };
    const witnesses = [{ url: 'http://127.0.0.1:8090', key }];
    const { checkpoints } = load({ witnesses, copyTo: '/mnt/copies', mqtt: { receiver: 'broker' } }, [broker]);
    expect(checkpoints).toMatchObject({
      witnesses: [{ url: 'http://127.0.0.1:8090', key: { name: 'witness.example/w1' } }],
      copyTo: '/mnt/copies',
      mqtt: { topic: 'countersign/checkpoint', broker: { url: broker.url } },
    });
    expect(load({}).checkpoints).toEqual({ witnesses: [], copyTo: null, mqtt: null });
  });

  it('OPS-2: says what is wrong: a log’s key for a witness’s, the same twice, a relative folder, an unknown broker', () => {
    const key = witnessKey('witness.example/w1');
    const logKey = formatVkey(noteVerifier(noteSigner('a/log', generateKeyPairSync('ed25519').privateKey)));
    const url = 'http://127.0.0.1:8090';
    expect(mistakes({ witnesses: [{ url, key: logKey }] })).toContain('no witness’s key');
    expect(
      mistakes({
        witnesses: [
          { url, key },
          { url, key },
        ],
      }),
    ).toContain('a second time');
    expect(mistakes({ copyTo: 'copies' })).toContain('absolute path');
    expect(mistakes({ mqtt: { receiver: 'nobody' } })).toContain('"nobody" is no MQTT broker');
    expect(mistakes({ witnesses: [{ url: 'ftp://127.0.0.1', key }] })).toContain('gateway.yaml');
  });

  it('OPS-8: the demo asks witnesses on loopback only', () => {
    const key = witnessKey('witness.example/w1');
    expect(mistakes({ witnesses: [{ url: 'http://192.0.2.1:8090', key }] })).toContain('loopback only');
    expect(mistakes({ witnesses: [{ url: 'http://[::1]:8090', key }] })).toBe('');
  });
});
