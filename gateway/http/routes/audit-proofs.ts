// /api/v1/audit/checkpoint and /api/v1/audit/proofs: the signed head of the log and its RFC 6962 proofs (AUD-3). They hold
// hashes of salted records and nothing of what stands in them, so that asking for one is no reading of records (AUD-1).
import { z } from 'zod';
import { GatewayError } from '../../contract/problem.ts';
import {
  type ConsistencyProof,
  consistencyProofSchema,
  type InclusionProof,
  inclusionProofSchema,
  type WitnessList,
  witnessListSchema,
} from '../../contract/proof.ts';
import { problems } from '../refusal-answers.ts';
import type { Application } from '../route-access.ts';

export type ProofParts = {
  /** The newest durable checkpoint's size: proofs reach no further. */
  readonly size: () => number;
  /** The newest checkpoint that so many witnesses cosigned, a C2SP signed note; null where there is none. */
  readonly newestCheckpoint: (witnesses: number) => Promise<string | null>;
  /** The checkpoint that was signed at this size; null where no commit ended there. */
  readonly checkpointAt: (size: number) => Promise<string | null>;
  readonly inclusion: (seq: number, size: number) => Promise<InclusionProof>;
  readonly consistency: (from: number, to: number) => Promise<ConsistencyProof>;
  readonly witnesses: () => WitnessList['witnesses'];
};

const mostWitnesses = 16;
const count = z.coerce.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const reader = { access: 'session', permission: 'read-audit', scope: 'read-audit' } as const;

export function auditProofRoutes(app: Application, parts: ProofParts): void {
  witnessRoute(app, parts);
  app.get(
    '/api/v1/audit/checkpoint',
    {
      config: reader,
      schema: {
        tags: ['audit'],
        summary: 'A checkpoint, a C2SP signed note with the cosignatures of its witnesses',
        description:
          'The newest one; with `witnesses` the newest that at least so many cosigned; with `size` the one that was signed at that size.',
        querystring: z.strictObject({
          size: count.optional(),
          witnesses: z.coerce.number().int().min(0).max(mostWitnesses).default(0),
        }),
        response: problems('right-missing, not-found'),
      },
    },
    async (request, reply) => {
      const { size, witnesses } = request.query;
      const note = size === undefined ? await parts.newestCheckpoint(witnesses) : await parts.checkpointAt(size);
      if (note === null)
        throw new GatewayError(
          'not-found',
          size === undefined
            ? `No checkpoint was cosigned by ${witnesses} witnesses yet.`
            : `No commit of the log ended at ${size} records. Ask without size for the newest checkpoint.`,
        );
      return reply.type('text/plain; charset=utf-8').header('cache-control', 'no-store').send(note);
    },
  );

  app.get(
    '/api/v1/audit/proofs/inclusion',
    {
      config: reader,
      schema: {
        tags: ['audit'],
        summary: 'RFC 6962 inclusion proof of a record',
        description: 'That record `seq` is in the tree of `size`, which is that of a checkpoint: take it from there.',
        querystring: z.strictObject({ seq: count, size: count }),
        response: { 200: inclusionProofSchema, ...problems('malformed-request') },
      },
    },
    async (request) => {
      const { seq, size } = request.query;
      refuseBeyond(size, parts.size(), 'size');
      if (seq >= size) throw outOfRange(`Record ${seq} is not among the first ${size}.`, 'seq');
      return parts.inclusion(seq, size);
    },
  );

  app.get(
    '/api/v1/audit/proofs/consistency',
    {
      config: reader,
      schema: {
        tags: ['audit'],
        summary: 'RFC 6962 consistency proof between two sizes',
        description: 'That the tree of `to` continues the tree of `from`, as two checkpoints have them.',
        querystring: z.strictObject({ from: count, to: count.min(1) }),
        response: { 200: consistencyProofSchema, ...problems('malformed-request') },
      },
    },
    async (request) => {
      const { from, to } = request.query;
      refuseBeyond(to, parts.size(), 'to');
      if (from > to) throw outOfRange(`A log of ${to} records does not continue one of ${from}.`, 'from');
      return parts.consistency(from, to);
    },
  );
}

function witnessRoute(app: Application, parts: ProofParts): void {
  app.get(
    '/api/v1/audit/witnesses',
    {
      config: reader,
      schema: {
        tags: ['audit'],
        summary: 'Witnesses of the log, and how far each has cosigned it',
        response: { 200: witnessListSchema, ...problems('right-missing') },
      },
    },
    async () => ({ witnesses: parts.witnesses() }),
  );
}

function refuseBeyond(asked: number, size: number, field: string): void {
  if (asked > size) throw outOfRange(`The log holds ${size} records, not ${asked}.`, field);
}

function outOfRange(detail: string, field: string): GatewayError {
  return new GatewayError('malformed-request', detail, { field });
}
