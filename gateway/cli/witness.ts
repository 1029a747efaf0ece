// `countersign witness`: a witness of audit logs (AUD-3), to be run on another machine, by other people than those who
// administer the gateway. It cosigns what continues what it cosigned before, and raises an alarm at anything else.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { formatVkey } from '../audit/signed-note.ts';
import { holdFolder } from './audit-source.ts';
import { CannotDo, readOptions, type SubCommand, WronglyAsked } from './sub-command.ts';
import { readLogKeys } from './witness-folder.ts';
import { startWitnessServer, type WitnessEvent } from './witness-server.ts';

const loopback = ['127.0.0.1', '::1', 'localhost'];

export const witness: SubCommand = {
  summary: 'run a witness that cosigns the checkpoints of audit logs',
  help: `Usage: countersign witness [--dir DIR] [--host HOST] [--port PORT] [--cert FILE --key FILE] [--json]

Cosigns checkpoints over C2SP tlog-witness (POST /add-checkpoint): only what is proven to continue the last checkpoint that it
cosigned of that log. A log that was rewritten or rolled back gets no cosignature, and raises an alarm: a line here, one in
alarms.jsonl with both checkpoints as evidence, and "alarmed" at GET /health. First: countersign witness init, then
countersign witness add-log. Run it where the gateway's administrators have no say; it needs no database.

  --dir DIR      its folder (./witness, or COUNTERSIGN_WITNESS): key, watched logs, newest heads, alarms
  --host HOST    address to listen on (127.0.0.1)
  --port PORT    port to listen on (8090)
  --cert, --key  PEM files: serve HTTPS
  --json         one JSON object a line instead of words

Stops on SIGTERM or SIGINT. Exit 0: stopped. 1: it cannot run, or alarms were raised meanwhile. 2: wrongly asked.
`,
  run: async (args, env) => {
    const options = readOptions(args, {
      dir: { type: 'string' },
      host: { type: 'string', default: '127.0.0.1' },
      port: { type: 'string', default: '8090' },
      cert: { type: 'string' },
      key: { type: 'string' },
      json: { type: 'boolean', default: false },
    });
    const folder = witnessFolder(options.dir, env);
    const port = Number(options.port);
    if (!Number.isInteger(port) || port < 0 || port > 65535) throw new WronglyAsked('--port must be 0 to 65535');
    const tls = await readTls(options.cert, options.key);
    const held = holdFolder(folder);
    try {
      return await runUntilStopped({ folder, host: options.host, port, tls }, options.json);
    } finally {
      held.release();
    }
  },
};

export function witnessFolder(given: string | undefined, env: NodeJS.ProcessEnv): string {
  return path.resolve(given ?? env.COUNTERSIGN_WITNESS ?? './witness');
}

async function runUntilStopped(
  where: {
    readonly folder: string;
    readonly host: string;
    readonly port: number;
    readonly tls: { readonly cert: string; readonly key: string } | null;
  },
  asJson: boolean,
): Promise<number> {
  const stopAsked = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
  const say = (event: WitnessEvent | { readonly event: 'ready'; readonly url: string; readonly key: string }): void => {
    const time = new Date().toISOString();
    const line = asJson ? JSON.stringify({ time, ...event }) : `${time} ${inWords(event)}`;
    (event.event === 'alarm' ? process.stderr : process.stdout).write(`${line}\n`);
  };
  let alarms = 0;
  const server = await startWitnessServer({
    ...where,
    now: Date.now,
    onEvent: say,
    onAlarm: () => {
      alarms += 1;
    },
  });
  const host = where.host.includes(':') ? `[${where.host}]` : where.host;
  say({ event: 'ready', url: `${where.tls === null ? 'http' : 'https'}://${host}:${server.port}`, key: server.vkey });
  const logs = await readLogKeys(where.folder);
  if (!asJson) {
    for (const key of logs) process.stdout.write(`  watches ${formatVkey(key)}\n`);
    if (logs.length === 0) process.stdout.write('  watches no log yet: countersign witness add-log VKEY\n');
    if (where.tls === null && !loopback.includes(where.host))
      process.stdout.write(
        '  over plain HTTP: signatures protect what is said, nobody keeps it from being held back\n',
      );
  }
  await stopAsked;
  await server.stop();
  return alarms === 0 ? 0 : 1;
}

async function readTls(
  cert: string | undefined,
  key: string | undefined,
): Promise<{ readonly cert: string; readonly key: string } | null> {
  if (cert === undefined && key === undefined) return null;
  if (cert === undefined || key === undefined) throw new WronglyAsked('--cert and --key go together');
  try {
    return { cert: await readFile(cert, 'utf8'), key: await readFile(key, 'utf8') };
  } catch (error) {
    throw new CannotDo(`certificate or key cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function inWords(
  event: WitnessEvent | { readonly event: 'ready'; readonly url: string; readonly key: string },
): string {
  switch (event.event) {
    case 'ready':
      return `witness at ${event.url}, key ${event.key}`;
    case 'cosigned':
      return `cosigned ${event.origin} at ${event.size} records`;
    case 'refused':
      return `refused (${event.status}) ${event.origin ?? 'a stranger'}: ${event.why}`;
    case 'alarm':
      return `ALARM: ${event.origin} ${
        event.alarm === 'forked'
          ? 'signed a history that contradicts what was cosigned'
          : 'asked for fewer records than were cosigned: it was rolled back, or somebody repeats an old checkpoint'
      }; the evidence is in alarms.jsonl`;
  }
}
