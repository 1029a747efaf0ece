// The simulated plant as a process: `node simulators/main.ts --data DIR`. Started by npm start and by hand.
// Prints one JSON line when both servers listen; ends on SIGTERM, SIGINT and when its parent goes. Loopback only.
import { Console } from 'node:console';
import { fstatSync } from 'node:fs';
import { enableCompileCache, flushCompileCache } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startControlServer } from './control-server.ts';
import { PortTaken } from './listen.ts';
import { checkWritable, type RunningPlant, startPlant } from './start-plant.ts';

const usage = `usage: node simulators/main.ts --data DIR [--host 127.0.0.1] [--opcua-port 4840] [--modbus-port 1502]
                               [--seed 1] [--control-port N]
  --data          folder for the OPC UA server's key and certificates
  --control-port  also serve faults and the write log as JSON over HTTP on this loopback port
It ends on SIGTERM and SIGINT, and when the pipe on its standard input or its IPC channel closes.`;

type Options = {
  readonly host: string;
  readonly opcuaPort: number;
  readonly modbusPort: number;
  readonly seed: number;
  readonly dataFolder: string;
  readonly controlPort: number | null;
};

async function main(): Promise<void> {
  // Standard output carries the ready line alone; whatever a library prints goes to standard error.
  globalThis.console = new Console(process.stderr, process.stderr);
  const options = readOptions(process.argv.slice(2));
  if (typeof options === 'string') return fail(options, 2);

  let plant: RunningPlant | null = null;
  let control: { readonly port: number; readonly stop: () => Promise<void> } | null = null;
  let ending = false;
  const end = (code: number): void => {
    if (ending) return;
    ending = true;
    // Whatever a socket does, the process is gone within two seconds.
    setTimeout(() => process.exit(code), 2000).unref();
    Promise.all([control?.stop(), plant?.stop()]).then(
      () => process.exit(code),
      () => process.exit(code),
    );
  };
  process.on('SIGTERM', () => end(0));
  process.on('SIGINT', () => end(0));
  // Killed parents send no signal: their channel closes instead.
  process.on('disconnect', () => end(0));
  if (standardInputIsPipe()) {
    process.stdin.on('end', () => end(0));
    process.stdin.on('error', () => end(0));
    process.stdin.resume();
  }
  // A parent that stops reading its pipe is gone too.
  process.stdout.on('error', () => end(0));

  try {
    await checkWritable(options.dataFolder);
    // node-opcua is megabytes of script: its compiled form, kept from the last start, halves the time to ready.
    enableCompileCache(join(options.dataFolder, 'simulator-compile-cache'));
    plant = await startPlant(options);
    if (options.controlPort !== null) control = await startControlServer(options.controlPort, plant);
  } catch (error) {
    await plant?.stop();
    return fail(startProblem(error, options), 1);
  }
  const { opcuaEndpoint, modbusPort } = plant;
  const modbus = `${options.host}:${modbusPort}`;
  const ready = { ready: true, opcua: opcuaEndpoint, modbus, ...(control === null ? {} : { control: control.port }) };
  if (!ending) process.stdout.write(`${JSON.stringify(ready)}\n`, () => flushCompileCache());
}

/** True where a parent holds the other end; a terminal, a file or /dev/null says nothing about a parent. */
function standardInputIsPipe(): boolean {
  try {
    const input = fstatSync(0);
    return input.isFIFO() || input.isSocket();
  } catch {
    return false;
  }
}

function fail(message: string, code: number): void {
  process.stderr.write(`${message}\n`, () => process.exit(code));
}

function startProblem(error: unknown, options: Options): string {
  if (!(error instanceof PortTaken))
    return `simulated plant: ${error instanceof Error ? error.message : String(error)}`;
  const variable =
    error.port === options.opcuaPort
      ? 'set COUNTERSIGN_OPCUA_PORT'
      : error.port === options.modbusPort
        ? 'set COUNTERSIGN_MODBUS_PORT'
        : 'give another --control-port (COUNTERSIGN_CONTROL_PORT)';
  const server = error.port === options.opcuaPort ? 'OPC UA' : error.port === options.modbusPort ? 'Modbus' : 'control';
  return `simulated plant: port ${error.port} (${server}) is taken by another program; stop that program or ${variable}`;
}

/** The options, or what is wrong with them. */
function readOptions(args: readonly string[]): Options | string {
  let values: Record<string, string | undefined>;
  try {
    ({ values } = parseArgs({
      args: [...args],
      strict: true,
      options: {
        host: { type: 'string', default: '127.0.0.1' },
        'opcua-port': { type: 'string', default: '4840' },
        'modbus-port': { type: 'string', default: '1502' },
        seed: { type: 'string', default: '1' },
        data: { type: 'string' },
        'control-port': { type: 'string' },
      },
    }));
  } catch (error) {
    return `${error instanceof Error ? error.message : String(error)}\n${usage}`;
  }
  const whole = (name: string, most: number): number | null => {
    const text = values[name];
    return typeof text === 'string' && /^\d{1,10}$/.test(text) && Number(text) <= most ? Number(text) : null;
  };
  const opcuaPort = whole('opcua-port', 65_535);
  const modbusPort = whole('modbus-port', 65_535);
  const seed = whole('seed', 0xffff_ffff);
  const controlPort = values['control-port'] === undefined ? null : whole('control-port', 65_535);
  if (opcuaPort === null || modbusPort === null || (values['control-port'] !== undefined && controlPort === null))
    return `a port is a whole number from 0 to 65535\n${usage}`;
  if (seed === null) return `--seed is a whole number from 0 to 4294967295\n${usage}`;
  if (typeof values.data !== 'string' || typeof values.host !== 'string') return `--data DIR is missing\n${usage}`;
  return {
    host: values.host,
    opcuaPort,
    modbusPort,
    seed,
    dataFolder: values.data,
    controlPort,
  };
}

await main();
