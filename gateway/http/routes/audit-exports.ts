// The audit trail as files (AUD-6): at once for programs (GET /audit/export), by a one-time link for browsers, which cannot show
// a proof when they download. Each file is one record with filter and number of records (AUD-1), durable before its first byte.
import type { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { AppendAudit, Caller } from '../../commands/ports.ts';
import {
  type AuditFilter,
  auditFilterShape,
  type ExportFormat,
  exportBodySchema,
  exportFormatSchema,
  exportViewSchema,
  givenFilter,
} from '../../contract/audit-filter.ts';
import type { Appended } from '../../contract/audit-record.ts';
import type { TerminalId } from '../../contract/ids.ts';
import { GatewayError, type Refusal } from '../../contract/problem.ts';
import type { Now } from '../../identity/ports.ts';
import { breakableStream } from '../breakable-stream.ts';
import { sessionCookie } from '../guard.ts';
import { createPreparedExports } from '../prepared-exports.ts';
import { orRefuse, problems } from '../refusal-answers.ts';
import { type Application, callerOf } from '../route-access.ts';

export type Extent = { readonly count: number; readonly upTo: number };
export type ExportParts = {
  readonly now: Now;
  readonly append: AppendAudit;
  /** How many records match up to the newest. Throws `not-found` for an unknown area. */
  readonly measure: (filter: AuditFilter) => Promise<Extent>;
  /** The file, made in a thread of its own as fast as it is read; ends at once with `broken`. */
  readonly write: (
    of: { readonly format: ExportFormat; readonly filter: AuditFilter; readonly extent: Extent },
    caller: Caller,
    recorded: Appended,
    onWritten: (records: number) => void,
    broken: AbortSignal,
  ) => AsyncIterable<Uint8Array>;
  /** The session of a cookie, at the terminal and address that it is bound to. */
  readonly sessionOf: (
    cookie: string | undefined,
    terminal: TerminalId,
    address: string,
  ) => { readonly ok: true; readonly caller: Caller } | Refusal;
  readonly mayExport: (caller: Caller) => { readonly ok: true } | Refusal;
  readonly onSessionEnd: (listener: (sessionId: string) => void) => void;
};

const mediaTypes: Readonly<Record<ExportFormat, string>> = {
  csv: 'text/csv; charset=utf-8; header=present',
  jsonl: 'application/jsonl; charset=utf-8',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  html: 'text/html; charset=utf-8',
  pdf: 'application/pdf',
  bundle: 'application/jsonl; charset=utf-8',
};
const formatsText =
  '`jsonl`: one record a line, each line the canonical bytes that the log hashes. `csv`, `xlsx`, `html`, `pdf`: for reading, the same data in each. `bundle`: the records with those they stand on, checkpoint and proofs; docs/audit-format.md says it byte by byte.';

export function auditExportRoutes(app: Application, parts: ExportParts): void {
  const exports = createPreparedExports(parts.now);
  parts.onSessionEnd((sessionId) => exports.cancelAll(sessionId));

  const record = (caller: Caller, format: ExportFormat, filter: AuditFilter, extent: Extent): Promise<Appended> =>
    parts.append({
      kind: 'audit.exported',
      actor: caller.actor,
      terminal: caller.terminal,
      address: caller.address,
      subject: 'log',
      detail: { format, filter: givenFilter(filter), records: extent.count, upTo: extent.upTo },
    });

  app.get(
    '/api/v1/audit/export',
    {
      config: { access: 'session', permission: 'export-audit' },
      schema: {
        tags: ['audit'],
        summary: 'Audit records as a file, oldest first',
        description: formatsText,
        querystring: z.strictObject({ ...auditFilterShape, format: exportFormatSchema }),
        response: problems('right-missing, not-found (an unknown area)'),
      },
    },
    async (request, reply) => {
      const { format, ...filter } = request.query;
      const caller = callerOf(request);
      const extent = await parts.measure(filter);
      const recorded = await record(caller, format, filter, extent);
      const file = breakableStream((broken) =>
        parts.write({ format, filter, extent }, caller, recorded, () => {}, broken),
      );
      return sendFile(reply, format, recorded, file);
    },
  );

  app.post(
    '/api/v1/audit/exports',
    {
      config: { access: 'session', permission: 'export-audit' },
      schema: {
        tags: ['audit'],
        summary: 'Prepare an export and get a link that works once',
        description: `For browsers: the link needs no proof, only the cookie of the session that asked, from the same address; it works once, within a minute. The export is recorded when the link is used. ${formatsText}`,
        body: exportBodySchema,
        response: {
          201: exportViewSchema,
          ...problems('right-missing, not-found (an unknown area), too-many-requests'),
        },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      const { format, filter } = request.body;
      const extent = await parts.measure(filter);
      const { view } = orRefuse(
        exports.prepare(
          { sessionId: caller.sessionId, terminalId: caller.terminalId, format, filter, ...extent },
          (id, key) => `/api/v1/audit/exports/${id}/file?key=${key}`,
        ),
      );
      return reply.code(201).send(view);
    },
  );

  app.get(
    '/api/v1/audit/exports/:id',
    {
      config: { access: 'session', permission: 'export-audit' },
      schema: {
        tags: ['audit'],
        summary: 'How far an export of this session is',
        params: z.object({ id: z.uuid() }),
        response: { 200: exportViewSchema, ...problems('not-found') },
      },
    },
    async (request) => {
      const view = exports.view(request.params.id, callerOf(request).sessionId);
      if (view === undefined) throw notThere();
      return view;
    },
  );

  app.delete(
    '/api/v1/audit/exports/:id',
    {
      config: { access: 'session', permission: 'export-audit' },
      schema: {
        tags: ['audit'],
        summary: 'Cancel an export of this session; the download breaks off',
        params: z.object({ id: z.uuid() }),
        response: { 204: z.null(), ...problems('not-found') },
      },
    },
    async (request, reply) => {
      if (!exports.cancel(request.params.id, callerOf(request).sessionId)) throw notThere();
      return reply.code(204).send(null);
    },
  );

  app.get(
    '/api/v1/audit/exports/:id/file',
    {
      // The link's key stands in for the proof; the session is looked up below.
      config: { access: 'open' },
      schema: {
        tags: ['audit'],
        summary: 'The file of a prepared export: the one-time link',
        params: z.object({ id: z.uuid() }),
        querystring: z.strictObject({ key: z.string().min(1).max(64) }),
        response: problems('not-found (used or too late), not-signed-in, terminal-foreign-session, right-missing'),
      },
    },
    async (request, reply) => {
      const found = exports.find(request.params.id, request.query.key);
      if (found === undefined) throw notThere();
      const { id, format, filter, count, upTo } = found;
      const cookie = request.cookies[sessionCookie];
      const { caller } = orRefuse(parts.sessionOf(cookie, found.terminalId, request.peerAddress));
      request.caller = caller;
      if (caller.sessionId !== found.sessionId)
        throw new GatewayError('terminal-foreign-session', 'This link belongs to another session.');
      orRefuse(parts.mayExport(caller));
      orRefuse(exports.begin(id));
      let recorded: Appended;
      try {
        recorded = await record(caller, format, filter, { count, upTo });
      } catch (fault) {
        exports.fail(id);
        throw fault;
      }
      const extent = { count, upTo };
      const file = exports.stream(id, (onWritten, broken) =>
        parts.write({ format, filter, extent }, caller, recorded, onWritten, broken),
      );
      if (file === null) throw notThere();
      return sendFile(reply, format, recorded, file);
    },
  );
}

function sendFile(reply: FastifyReply, format: ExportFormat, { seq, time }: Appended, file: Readable): FastifyReply {
  const name = `audit-${time.slice(0, 19).replaceAll(/[-:]/g, '')}Z-${seq}.${format}`;
  void reply
    .type(mediaTypes[format])
    .header('content-disposition', `attachment; filename="${name}"`)
    .header('cache-control', 'no-store');
  return reply.send(file);
}

function notThere(): GatewayError {
  return new GatewayError('not-found', 'There is no such export: it was used, cancelled, or its time is over.');
}
