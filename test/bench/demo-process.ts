// The whole demo as `npm start` runs it, everything installed and built, with ports and a data folder of its own.
// Used by the cases start and sign.
import { lastingPorts } from '../support/lasting-ports.ts';
import { type ReadyProcess, startReady } from './ready-process.ts';

export type RunningDemo = ReadyProcess & { readonly httpPort: number; readonly opcuaPort: number };

/** Resolves when the demo says that it is ready. */
export async function startDemo(dataFolder: string): Promise<RunningDemo> {
  const [httpPort = 0, opcuaPort = 0, modbusPort = 0] = await lastingPorts(3);
  const started = await startReady(
    ['scripts/bootstrap.mjs', 'start'],
    (line) => line.startsWith('Countersign is ready'),
    {
      COUNTERSIGN_DATA: dataFolder,
      COUNTERSIGN_HTTP_PORT: String(httpPort),
      COUNTERSIGN_OPCUA_PORT: String(opcuaPort),
      COUNTERSIGN_MODBUS_PORT: String(modbusPort),
      COUNTERSIGN_DATABASE_URL: '',
      COUNTERSIGN_DEMO_PASSWORD: '',
      COUNTERSIGN_DEMO_SETTLE_MS: '0',
    },
  );
  return { ...started, httpPort, opcuaPort };
}
