// The environment variables of `npm start` (interfaces.md), checked once. Throws StartRefused with the variable's name.
import { StartRefused } from './start-refused.ts';

export type DemoEnvironment = {
  readonly httpPort: number;
  readonly opcuaPort: number;
  readonly modbusPort: number;
  /** Of the simulated plant's faults and write log (simulators/README.md); null: not served. */
  readonly controlPort: number | null;
  readonly dataFolder: string;
  readonly password: string;
  readonly passwordIsDefault: boolean;
  /** Owner's address of an external database; null: the embedded one. */
  readonly databaseUrl: string | null;
};

export const defaultDemoPassword = 'countersign-demo';

export function demoEnvironment(env: NodeJS.ProcessEnv): DemoEnvironment {
  const ports = {
    httpPort: portOf(env, 'COUNTERSIGN_HTTP_PORT', 8080),
    opcuaPort: portOf(env, 'COUNTERSIGN_OPCUA_PORT', 4840),
    modbusPort: portOf(env, 'COUNTERSIGN_MODBUS_PORT', 1502),
  };
  const controlPort =
    set(env.COUNTERSIGN_CONTROL_PORT) === null ? null : portOf(env, 'COUNTERSIGN_CONTROL_PORT', Number.NaN);
  if (new Set([...Object.values(ports), controlPort]).size < 4)
    throw new StartRefused(
      'COUNTERSIGN_HTTP_PORT, COUNTERSIGN_OPCUA_PORT, COUNTERSIGN_MODBUS_PORT and COUNTERSIGN_CONTROL_PORT must differ.',
    );
  const password = set(env.COUNTERSIGN_DEMO_PASSWORD) ?? defaultDemoPassword;
  return {
    ...ports,
    controlPort,
    dataFolder: set(env.COUNTERSIGN_DATA) ?? './data',
    password,
    passwordIsDefault: password === defaultDemoPassword,
    databaseUrl: databaseUrlOf(env),
  };
}

function portOf(env: NodeJS.ProcessEnv, name: string, fallback: number): number {
  const text = set(env[name]);
  if (text === null) return fallback;
  const port = Number(text);
  if (!/^[0-9]{1,5}$/.test(text) || port < 1 || port > 65535)
    throw new StartRefused(`${name} must be a port from 1 to 65535, not "${text}".`);
  return port;
}

function databaseUrlOf(env: NodeJS.ProcessEnv): string | null {
  const text = set(env.COUNTERSIGN_DATABASE_URL);
  if (text === null) return null;
  if (!/^postgres(ql)?:\/\//.test(text) || !URL.canParse(text))
    throw new StartRefused('COUNTERSIGN_DATABASE_URL must be of the form postgres://user:password@host:port/database.');
  return text;
}

function set(value: string | undefined): string | null {
  return value === undefined || value === '' ? null : value;
}
