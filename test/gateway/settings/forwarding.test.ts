import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { protocols } from '../../../gateway/drivers/registry.ts';
import { loadSettings, type Settings } from '../../../gateway/settings/load.ts';
import { ConfigurationError, mistakeText } from '../../../gateway/settings/mistake.ts';

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** The demo's configuration with these receivers; `files` beside the folder and in it. */
function load(forwarding: string, environment: NodeJS.ProcessEnv = {}): Settings {
  const above = mkdtempSync(join(tmpdir(), 'countersign-forwarding-'));
  folders.push(above);
  const folder = join(above, 'config');
  cpSync(join(import.meta.dirname, '../../../config/demo'), folder, { recursive: true });
  writeFileSync(join(above, 'secret.txt'), `${secret}\n`);
  writeFileSync(join(folder, 'inside.txt'), `${secret}\n`);
  writeFileSync(join(folder, 'ca.pem'), 'a certificate');
  const file = join(folder, 'gateway.yaml');
  writeFileSync(file, `${readFileSync(file, 'utf8')}\nforwarding:\n${forwarding}`);
  return loadSettings(folder, protocols, environment);
}

function mistakes(forwarding: string, environment: NodeJS.ProcessEnv = {}): string {
  try {
    load(forwarding, environment);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.mistakes.map(mistakeText).join('\n');
    throw error;
  }
  return '';
}

describe('receivers in gateway.yaml', () => {
  it('AUD-10: reads receivers, their secrets from elsewhere; no secret stands in the recorded configuration', () => {
    const settings = load(
      `  - { name: siem, to: syslog, host: localhost, port: 6514, tls: { ca: ca.pem }, kinds: [security.alert, session.] }
  - { name: quality, to: webhook, url: "https://localhost/in", secret: { file: ../secret.txt }, from: beginning }
  - { name: broker, to: mqtt, url: "mqtts://127.0.0.1:8883", username: c, password: { env: BROKER_PASSWORD } }
`,
      { BROKER_PASSWORD: 'only in the environment' },
    );
    expect(settings.forwarding).toMatchObject([
      { to: 'syslog', tls: { ca: 'a certificate' }, facility: 13, longestBytes: 8192, from: 'now' },
      { to: 'webhook', secret, from: 'beginning' },
      { to: 'mqtt', password: 'only in the environment', topic: 'countersign/records', protocol: '5' },
    ]);
    const recorded = JSON.stringify(settings.resolved);
    expect(recorded).toContain('BROKER_PASSWORD');
    expect(recorded).not.toContain('only in the environment');
    expect(recorded).not.toContain(secret);
  });

  const wrong: readonly { readonly text: string; readonly says: RegExp }[] = [
    { text: 'to: syslog, host: siem.plant.example, port: 514', says: /:\d+:\d+: The demo forwards to loopback only/ },
    { text: 'to: webhook, url: "https://localhost", secret: { env: NOT_SET }', says: /NOT_SET is not set/ },
    { text: 'to: webhook, url: "https://localhost", secret: { file: inside.txt }', says: /may not stand in the conf/ },
    {
      text: 'to: webhook, url: "https://localhost", secret: { file: ../none }',
      says: /cannot be read.*Correct the path/,
    },
    {
      text: 'to: webhook, url: "http://127.0.0.1.plant.example", secret: { file: ../secret.txt }',
      says: /needs https/,
    },
    { text: 'to: webhook, url: "https://localhost", secret: { env: SHORT }', says: /shorter than 24/ },
    { text: 'to: syslog, host: localhost, port: 6514, tls: { certificate: ca.pem }', says: /goes with its key/ },
    { text: 'to: syslog, host: localhost, port: 6514, kinds: [comand.]', says: /No record is of the kind "comand\."/ },
    {
      text: 'to: syslog, host: localhost, port: 6514, kinds: [security.alerts]',
      says: /Did you mean "security\.alert"/,
    },
    { text: 'to: mqtt, url: "mqtt://localhost", topic: "a/#"', says: /"topic" is wrong/ },
    { text: 'to: mqtt, url: "http://localhost"', says: /"url" is wrong/ },
    { text: 'to: pager, url: "http://localhost"', says: /"to"/ },
  ];
  it.each(wrong)('AUD-10, OPS-2: refuses { $text } and says why', ({ text, says }) => {
    expect(mistakes(`  - { name: one, ${text} }\n`, { SHORT: 'too-short' })).toMatch(says);
  });

  it('AUD-10, OPS-2: refuses two receivers of one name', () => {
    const one = '  - { name: one, to: syslog, host: localhost, port: 6514 }\n';
    expect(mistakes(one + one)).toMatch(/"one" stands here a second time/);
  });
});
