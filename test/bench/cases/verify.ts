// verify: the offline verification of a bundle of the whole log, as `countersign audit verify BUNDLE` does it
// (performance.md): every hash, the tree, checkpoints, order, commands and standing of each record.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { trustNobody } from '../../../gateway/audit/bundle-trust.ts';
import { noteVerifier } from '../../../gateway/audit/signed-note.ts';
import { verifyBundle } from '../../../gateway/audit/verify-bundle.ts';
import { openBundleReaders } from '../../../gateway/audit/worker-bundle-readers.ts';
import type { BenchCase } from '../bench-case.ts';
import { hashLines } from '../floors/hash-lines.ts';
import { writeMadeBundle } from '../made-bundle.ts';
import { newSigner } from '../made-log.ts';
import { quantile } from '../rounds.ts';
import { withScratch } from '../scratch.ts';

const rounds = 3;
/** As the command reads. */
const readAtOnce = 1024 * 1024;
/** What performance.md speaks of; more says nothing more. */
const mostRecords = 1_000_000;

export const verify: BenchCase = {
  name: 'verify',
  about: 'records per second of the offline verification of a whole log in one file',
  floorIs: 'SHA-256 over each record’s bytes, read from the same file',
  run: ({ progress, records: asked }) =>
    withScratch(async (scratch) => {
      const records = Math.min(asked, mostRecords);
      const file = join(scratch.folder, 'log.bundle');
      const signer = newSigner('bench.example/log');
      progress(`writing a bundle of ${records.toLocaleString('en')} records`);
      await writeMadeBundle(file, records, signer);
      const { size } = await stat(file);
      const sides = {
        cheaperFloor: async () => {
          if ((await hashLines(file, 'binary')) !== records) throw new Error('the bundle lacks records');
        },
        floor: async () => {
          if ((await hashLines(file)) !== records) throw new Error('the bundle lacks records');
        },
        product: async () => {
          const readers = openBundleReaders();
          const stream = createReadStream(file, { highWaterMark: readAtOnce });
          const trust = { ...trustNobody, log: noteVerifier(signer) };
          const found = await verifyBundle(stream, trust, readers);
          await readers.close();
          if (found.bad !== null || found.records !== records || !found.vouched.byLog)
            throw new Error(`not verified: ${JSON.stringify(found.bad)}`);
        },
      };
      const rates = {
        cheaperFloor: new Float64Array(rounds),
        floor: new Float64Array(rounds),
        product: new Float64Array(rounds),
      };
      // The first round warms both up.
      for (let index = -1; index < rounds; index++) {
        for (const side of ['floor', 'cheaperFloor', 'product'] as const) {
          const startedMs = performance.now();
          await sides[side]();
          if (index >= 0) rates[side][index] = records / ((performance.now() - startedMs) / 1000);
        }
      }
      const at = (q: number) => ({
        product: quantile(rates.product.sort(), q),
        floor: quantile(rates.floor.sort(), q),
      });
      const cheaper = { ...at(0.5), floor: quantile(rates.cheaperFloor.sort(), 0.5) };
      return {
        measurements: [
          { measure: 'median', ...at(0.5), unit: 'records/s', goal: { kind: 'at-least', limit: 0.6 } },
          { measure: 'median, against a cheaper call', ...cheaper, unit: 'records/s', goal: null },
          { measure: 'slowest', ...at(0), unit: 'records/s', goal: null },
        ],
        note: `${rounds} rounds over ${records.toLocaleString('en')} records, ${(size / records).toFixed(0)} bytes each with what proves them, a checkpoint every thousand; no terminal’s signatures among them: each costs one ECDSA verification more; as many threads as the command takes. The floor asks Node.js for a Buffer of each hash, as performance.md’s figure did; the cheaper call for a string, which the product does too`,
      };
    }),
};
