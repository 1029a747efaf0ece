// sign: one signed command over the API, from the signature request to its confirmed outcome (performance.md). The whole
// demo runs as npm start runs it: gateway, database and plant in processes of their own; this process is the terminal.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ApiClient } from '../../support/api-client.ts';
import type { BenchCase } from '../bench-case.ts';
import { startDemo } from '../demo-process.ts';
import { argon2Verify } from '../floors/argon2-verify.ts';
import { openDurableCommit } from '../floors/durable-commit.ts';
import { openOpcUaFloor } from '../floors/opcua-write.ts';
import { inTurns, latencyMeasurements, timed } from '../rounds.ts';
import { scratchDatabase, withScratch } from '../scratch.ts';
import { signOne } from '../signing-person.ts';

const rounds = 3;
/** With the warm-up, three requests a command stay below what one address may ask in a minute. */
const commandsARound = 80;
const password = 'countersign-demo';

/** The setpoints take turns, each between two values: a change shows on the screen after a publishing interval. */
const setpoints = [
  { tag: 'BR101.TIC.SP', values: [36.8, 37.2] },
  { tag: 'BR101.PH.SP', values: [7.05, 7.15] },
  { tag: 'BR101.DO.SP', values: [39, 41] },
] as const;
/** The floor writes, unsigned and past the gateway, a setpoint that no measured command touches. */
const floorTag = 'BR101.SIC.SP';

export const sign: BenchCase = {
  name: 'sign',
  about: 'one signed command over the API, from the signature request to its confirmed outcome, no settling time',
  floorIs:
    'one after the other: argon2id verify (19 MiB, t=2), two durable one-row commits with one file flush each, OPC UA read, write and read',
  run: () =>
    withScratch(async (scratch) => {
      const data = join(scratch.folder, 'demo');
      await mkdir(data);
      const demo = await startDemo(data);
      scratch.atEnd(demo.stop);
      const { ownerUrl } = await scratchDatabase(scratch);
      const durable = await openDurableCommit(ownerUrl, scratch.folder);
      scratch.atEnd(durable.close);
      const device = await openOpcUaFloor(`opc.tcp://127.0.0.1:${demo.opcuaPort}`, scratch.folder, floorTag);
      scratch.atEnd(device.close);
      const verify = await argon2Verify();
      const person = await ApiClient.ready(`http://localhost:${demo.httpPort}`, 'operator', password);

      let written = 0;
      const floor = timed(async () => {
        await verify();
        await durable.commit();
        await device.change(120 + (written++ % 2));
        await durable.commit();
      });
      let signed = 0;
      const product = () => {
        const { tag, values } = setpoints[signed % setpoints.length] ?? setpoints[0];
        const value = values[Math.floor(signed / setpoints.length) % 2] ?? values[0];
        signed += 1;
        return signOne(person, 'operator', password, tag, value);
      };
      const sides = await inTurns(rounds, commandsARound, { floor, product });
      return {
        measurements: latencyMeasurements(sides, {
          median: { kind: 'at-most', limit: 1.25 },
          p99: { kind: 'at-most', limit: 2 },
        }),
        note: `${rounds} rounds of ${commandsARound} commands by one person over HTTP; the statement's signature and the request's proof are made before the time is taken`,
      };
    }),
};
