// A loopback HTTP port to the simulated plant for scripts and the fault run: faults in and out, the write log, the
// physics' disturbances. Started by main.ts only when asked for. It never reaches the gateway or a database.
import { createServer, type IncomingMessage } from 'node:http';
import type { Fault } from './faults/fault.ts';
import { closeListener, listenOn } from './listen.ts';
import type { RunningPlant } from './start-plant.ts';

export type ControlServer = { readonly port: number; readonly stop: () => Promise<void> };

type Answer = { readonly status: number; readonly body: unknown };

const mostBodyBytes = 100_000;

/**
 * `GET /points`, `GET /writes`, `DELETE /writes`, `GET /faults`, `POST /faults` (one fault, answers `{id}`),
 * `DELETE /faults`, `DELETE /faults/:id`, `POST /connections/drop`, `POST /disturbances`
 * `{makeUpWaterLost?, extraDrawM3PerHour?}`. Rejects with PortTaken.
 */
export async function startControlServer(port: number, plant: RunningPlant): Promise<ControlServer> {
  const server = createServer((request, response) => {
    const reply = ({ status, body }: Answer): void => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(`${JSON.stringify(body)}\n`);
    };
    readBody(request).then(
      (body) => reply(isLocal(request) ? answer(plant, request, body) : problem(403, 'local programs only')),
      (error: unknown) => reply(problem(400, error instanceof Error ? error.message : String(error))),
    );
  });
  const listening = await listenOn(server, '127.0.0.1', port);
  return {
    port: listening,
    stop: () => {
      const closed = closeListener(server);
      server.closeAllConnections();
      return closed;
    },
  };
}

/** Web pages are kept out: they send an Origin, and a rebound name shows in Host. */
function isLocal(request: IncomingMessage): boolean {
  const host = (request.headers.host ?? '').replace(/:\d+$/, '');
  return request.headers.origin === undefined && (host === '127.0.0.1' || host === 'localhost');
}

function answer(plant: RunningPlant, request: IncomingMessage, body: unknown): Answer {
  const path = (request.url ?? '/').split('?')[0] ?? '/';
  const route = `${request.method ?? 'GET'} ${path.replace(/^\/faults\/\d+$/, '/faults/:id')}`;
  switch (route) {
    case 'GET /points':
      return ok(Object.fromEntries(plant.plant.points.map(({ name }) => [name, plant.plant.read(name)])));
    case 'GET /writes':
      return ok(plant.writes.all());
    case 'DELETE /writes':
      plant.writes.clear();
      return ok({ cleared: true });
    case 'GET /faults':
      return ok(plant.faults.active());
    case 'POST /faults':
      try {
        // Checked by inject, field by field.
        return { status: 201, body: { id: plant.faults.inject(body as Fault) } };
      } catch (error) {
        if (error instanceof RangeError) return problem(422, error.message);
        throw error;
      }
    case 'DELETE /faults':
      plant.faults.clear();
      return ok({ cleared: true });
    case 'DELETE /faults/:id':
      plant.faults.remove(Number(path.slice('/faults/'.length)));
      return ok({ removed: true });
    case 'POST /connections/drop':
      plant.dropConnections();
      return ok({ dropped: true });
    case 'POST /disturbances':
      return disturb(plant, body);
    default:
      return problem(404, `nothing at ${route}`);
  }
}

function disturb(plant: RunningPlant, body: unknown): Answer {
  const { makeUpWaterLost, extraDrawM3PerHour } = (body ?? {}) as Record<string, unknown>;
  if (makeUpWaterLost !== undefined && typeof makeUpWaterLost !== 'boolean')
    return problem(422, 'makeUpWaterLost is true or false');
  if (
    extraDrawM3PerHour !== undefined &&
    !(typeof extraDrawM3PerHour === 'number' && extraDrawM3PerHour >= 0 && extraDrawM3PerHour <= 1000)
  )
    return problem(422, 'extraDrawM3PerHour is 0 to 1000');
  const { disturbances } = plant.plant;
  if (makeUpWaterLost !== undefined) disturbances.makeUpWaterLost = makeUpWaterLost;
  if (extraDrawM3PerHour !== undefined) disturbances.extraDrawM3PerHour = extraDrawM3PerHour;
  return ok(disturbances);
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length > mostBodyBytes) throw new Error(`a body has at most ${mostBodyBytes} bytes`);
    chunks.push(bytes);
  }
  return length === 0 ? null : JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

function ok(body: unknown): Answer {
  return { status: 200, body };
}

function problem(status: number, detail: string): Answer {
  return { status, body: { status, detail } };
}
