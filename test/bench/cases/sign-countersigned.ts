// sign-countersigned: as sign, for a command that two persons sign: from the second signature's request to the confirmed
// outcome (performance.md, issue 3). Gateway and database run in processes of their own; the device is in memory.
import type { BenchCase } from '../bench-case.ts';
import { argon2Verify } from '../floors/argon2-verify.ts';
import { openDurableCommit } from '../floors/durable-commit.ts';
import { openModbusFloor } from '../floors/modbus-write.ts';
import { openManySigners } from '../many-signers.ts';
import { inTurns, latencyMeasurements, timed } from '../rounds.ts';
import { withScratch } from '../scratch.ts';

const rounds = 3;
const commandsARound = 60;
/** They take turns: a change shows on the screen after a poll. */
const setpoints = 8;

export const signCountersigned: BenchCase = {
  name: 'sign-countersigned',
  about: 'the second of two signatures over the API, from its request to the command’s confirmed outcome',
  floorIs:
    'one after the other: argon2id verify (19 MiB, t=2), two durable one-row commits with one file flush each, Modbus read, write and read',
  run: ({ progress }) =>
    withScratch(async (scratch) => {
      const signers = await openManySigners(scratch, 2, setpoints, progress);
      const durable = await openDurableCommit(signers.ownerUrl, scratch.folder);
      scratch.atEnd(durable.close);
      const device = await openModbusFloor(signers.devicePort, setpoints * 4);
      scratch.atEnd(device.close);
      const verify = await argon2Verify();
      let written = 0;
      const floor = timed(async () => {
        await verify();
        await durable.commit();
        await device.change(written++ % 2);
        await durable.commit();
      });
      let signed = 0;
      const product = async (): Promise<number> => {
        const send = await signers.pair(signed % setpoints, 1 + (Math.floor(signed / setpoints) % 2));
        signed += 1;
        return timed(send)();
      };
      const sides = await inTurns(rounds, commandsARound, { floor, product });
      return {
        measurements: latencyMeasurements(sides, {
          median: { kind: 'at-most', limit: 1.25 },
          p99: { kind: 'at-most', limit: 2 },
        }),
        note: `${rounds} rounds of ${commandsARound} commands; asking, the first signature, the second statement’s signature and its request’s proof are done before the time is taken`,
      };
    }),
};
