// The HTTP API as typed functions (interfaces.md, "HTTP API"). Called by pages and hooks through `useGateway()`.
// The gateway is of the same origin and release, so answers are taken as the contract's types without parsing them again.
import type { z } from 'zod';
import type { ArchiveList } from '../../gateway/contract/archive.ts';
import type { ExportFormat, ExportView } from '../../gateway/contract/audit-filter.ts';
import type { AuditPage, AuditTail } from '../../gateway/contract/audit-record.ts';
import type { AskedCommand, CommandBody, CommandView, StatementPurposeBody } from '../../gateway/contract/command.ts';
import type { Health } from '../../gateway/contract/health.ts';
import type { LogVerification } from '../../gateway/contract/log-verification.ts';
import type { MessageWords } from '../../gateway/contract/message-template.ts';
import type { PasskeyBody, PasskeyList, PasskeyRemovalBody, PasskeyView } from '../../gateway/contract/passkey.ts';
import type { WitnessList } from '../../gateway/contract/proof.ts';
import type { Findings, Review, ReviewComment, ReviewList, ReviewScope } from '../../gateway/contract/review.ts';
import type {
  AccountView,
  PlantView,
  passwordBodySchema,
  SessionView,
  sessionListSchema,
  TerminalView,
} from '../../gateway/contract/session.ts';
import type { Offer, SignatureBody } from '../../gateway/contract/statement.ts';
import type { AreaView, ConnectionView, Recent, TagView } from '../../gateway/contract/tag.ts';
import type { TokenView } from '../../gateway/contract/token.ts';
import type { UnattributedChange } from '../../gateway/contract/unattributed-change.ts';
import type { SendRequest } from './request.ts';

const root = '/api/v1';
export type CertificationOffer = { version: number; text: string; nonce: string };
type PasswordBody = z.infer<typeof passwordBodySchema>;
export type CommandPage = { commands: CommandView[]; next: number | null };

export type Endpoints = ReturnType<typeof createEndpoints>;

export function createEndpoints(send: SendRequest) {
  const json = async <T>(response: Promise<Response>): Promise<T> => (await (await response).json()) as T;
  const get = <T>(path: string, signal?: AbortSignal, byPerson = false) =>
    json<T>(send('GET', root + path, { signal, byPerson }));
  const post = <T>(path: string, body?: unknown, timeoutMs = 15_000) =>
    json<T>(send('POST', root + path, { body: body ?? {}, byPerson: true, timeoutMs }));
  const segment = encodeURIComponent;

  return {
    plant: () => get<PlantView>('/plant'),
    terminal: () => get<TerminalView>('/terminals/current'),
    enrol: (body: { name: string; publicKey: unknown; code?: string }) =>
      post<{ id: string; status: TerminalView['status'] }>('/terminals', body),
    session: (byPerson = false) => get<SessionView>('/session', undefined, byPerson),
    signIn: (username: string, password: string) => post<SessionView>('/session', { username, password }),
    signOut: async () => {
      await send('DELETE', `${root}/session`, { byPerson: true });
    },
    /** Also without a session, and where the present one has expired. */
    changePassword: async (body: PasswordBody) => {
      await send('POST', `${root}/password`, { body, byPerson: true, timeoutMs: 30_000 });
    },
    certification: () => get<CertificationOffer>('/certification'),
    certify: (body: { statement: string; username: string; password: string }) =>
      post<{ certified: true; certifiedAt: string; record: number }>('/certification', body),
    passkeys: () => get<PasskeyList>('/passkeys'),
    passkeyOptions: () => post<Record<string, unknown>>('/passkeys/options'),
    registerPasskey: (body: PasskeyBody) => post<PasskeyView>('/passkeys', body),
    removePasskey: async (id: string, body: PasskeyRemovalBody) => {
      await send('POST', `${root}/passkeys/${segment(id)}/removal`, { body, byPerson: true });
    },
    areas: async () => (await get<{ areas: AreaView[] }>('/areas')).areas,
    tags: async () => (await get<{ tags: TagView[] }>('/tags')).tags,
    tag: (id: string) => get<TagView>(`/tags/${segment(id)}`),
    recent: (ids: readonly string[], signal?: AbortSignal) =>
      get<Recent>(`/tags/recent?ids=${ids.map(segment).join(',')}`, signal),
    connections: async () => (await get<{ connections: ConnectionView[] }>('/connections')).connections,
    screen: async (name: string) => (await send('GET', `${root}/screens/${segment(name)}.svg`, {})).text(),
    ask: (body: CommandBody) => post<AskedCommand>('/commands', body),
    commandOffer: (id: string, purpose: StatementPurposeBody = {}) =>
      post<Offer>(`/commands/${segment(id)}/statements`, purpose),
    // The gateway waits up to 5 s for the outcome before it answers.
    signCommand: (id: string, body: SignatureBody) =>
      post<CommandView>(`/commands/${segment(id)}/signatures`, body, 30_000),
    withdraw: (id: string) => send('DELETE', `${root}/commands/${segment(id)}`, { byPerson: true }),
    commands: (after?: number) => get<CommandPage>(`/commands${after === undefined ? '' : `?after=${after}`}`),
    /** What this person may sign here (SIG-5), or what owes countersignatures after break-glass (CMD-13). */
    waitingCommands: async (which: 'awaiting=me' | 'breakGlass=due') =>
      (await get<CommandPage>(`/commands?${which}`)).commands,
    command: (id: string) => get<CommandView>(`/commands/${segment(id)}`),
    verification: () => get<LogVerification>('/audit/verification'),
    logKey: async () => (await get<{ key: string }>('/audit/key')).key,
    witnesses: async () => (await get<WitnessList>('/audit/witnesses')).witnesses,
    archives: () => get<ArchiveList>('/audit/archives'),
    /** Outside the API: open to anybody on the network, and no reading of records. */
    health: () => json<Health>(send('GET', '/health')),
    audit: (query: string) => get<AuditPage>(`/audit${query}`, undefined, true),
    /** What came since; nobody's doing, so it keeps no idle session alive. */
    auditTail: (query: string, signal: AbortSignal) => get<AuditTail>(`/audit/tail${query}`, signal),
    // Counting the records of a large log takes its time.
    prepareExport: (format: ExportFormat, filter: Readonly<Record<string, string>>) =>
      post<ExportView>('/audit/exports', { format, filter }, 60_000),
    exportState: (id: string) => get<ExportView>(`/audit/exports/${segment(id)}`),
    cancelExport: async (id: string) => {
      await send('DELETE', `${root}/audit/exports/${segment(id)}`, { byPerson: true });
    },
    messages: () => get<MessageWords>('/messages'),
    reviews: () => get<ReviewList>('/reviews'),
    reviewFindings: (scope: ReviewScope) => post<Findings>('/reviews/findings', scope, 60_000),
    reviewComment: (record: number, text: string) => post<ReviewComment>('/reviews/comments', { record, text }),
    reviewOffer: (scope: ReviewScope) => post<Offer>('/reviews/statements', scope, 60_000),
    signReview: (body: SignatureBody) => post<Review>('/reviews/signatures', body),
    unattributed: async () => (await get<{ changes: UnattributedChange[] }>('/unattributed-changes')).changes,
    terminals: async () => (await get<{ terminals: TerminalView[] }>('/terminals')).terminals,
    users: async () => (await get<{ users: AccountView[] }>('/users')).users,
    sessions: async () => (await get<z.infer<typeof sessionListSchema>>('/sessions')).sessions,
    endSession: (id: string) => send('DELETE', `${root}/sessions/${segment(id)}`, { byPerson: true }),
    tokens: async () => (await get<{ tokens: TokenView[] }>('/tokens')).tokens,
    /** Statement for a signed action on a terminal, an account or a token (TRM-1, TRM-4, IDN-3, CMD-10). */
    actionOffer: (
      noun: 'terminals' | 'users' | 'tokens' | 'passkeys',
      id: string,
      action: string,
      change: Record<string, unknown> | null,
    ) => post<Offer>(`/${noun}/${segment(id)}/statements`, change === null ? { action } : { action, change }),
    signAction: (noun: 'terminals' | 'users' | 'tokens' | 'passkeys', id: string, body: SignatureBody) =>
      post<unknown>(`/${noun}/${segment(id)}/signatures`, body),
    /** Statement for something new: an access token, a terminal's enrolment code. */
    issueOffer: (noun: 'tokens' | 'enrolment-codes', change: Record<string, unknown>) =>
      post<Offer>(`/${noun}/statements`, { change }),
    /** What it shows is shown in this answer alone. */
    signIssue: (noun: 'tokens' | 'enrolment-codes', body: SignatureBody) =>
      post<{ token?: string; code?: string; expiresAt: string }>(`/${noun}/signatures`, body),
  };
}
