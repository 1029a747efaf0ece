// Reviewing the trail (AUD-8): what deserves a look in a period and scope, comments on records, the signed review, and what
// nobody has reviewed. Called by routes/reviews.ts; reads the log through ports, and appends comments and reviews to it.
import type { AuditRecord } from '../contract/audit-record.ts';
import type { AreaId, TerminalId } from '../contract/ids.ts';
import { type Refusal, refuse } from '../contract/problem.ts';
import {
  countedUpTo,
  type Finding,
  type FindingCode,
  type Findings,
  type Review,
  type ReviewChange,
  type ReviewComment,
  type ReviewList,
  type ReviewScope,
  reviewChangeSchema,
  topicsWithAreas,
  type Unreviewed,
} from '../contract/review.ts';
import type { PublicKey } from '../contract/session.ts';
import type { Offer, SignatureBody } from '../contract/statement.ts';
import type { SignedIn } from '../identity/caller.ts';
import type { AppendAudit, Now } from '../identity/ports.ts';
import { subjectsWithin } from '../plant/areas.ts';
import type { Plant } from '../plant/tag.ts';
import type { SignedActions } from '../signing/signed-actions.ts';
import { gapsOf, type Line, linesOf } from './review-coverage.ts';
import { type FindingRules, findingsOf, kindsOfTopics, kindsToJudge, type Limits } from './review-findings.ts';

/** Findings of one review at most: a list that a person can read. Beyond it the period is to be shortened. */
export const mostFindings = 2_000;
/** Records that are looked at for one review at most; they are read in the process that serves the plant. */
export const mostJudged = 50_000;
/** The newest that a list shows; what is covered is reckoned from all of them. */
const reviewsListed = 500;

/** Records by number, kind and, where given, subject; `except`: not of these subjects. */
export type Selection = {
  readonly first: number;
  readonly last: number;
  readonly kinds: readonly string[];
  readonly subjects?: readonly string[] | undefined;
  readonly except?: readonly string[] | undefined;
};

type Place = { readonly seq: number; readonly time: string };

export type ReviewPorts = {
  readonly now: Now;
  readonly append: AppendAudit;
  readonly actions: SignedActions;
  readonly plant: Pick<Plant, 'areas' | 'tags'>;
  readonly rules: FindingRules;
  /** The newest checkpoint's size and root (base64); null before the first. */
  readonly checkpoint: () => { readonly size: number; readonly root: string } | null;
  /** Numbers of the first and last record of a period; null for none. All of these reject with log-unavailable. */
  readonly stretch: (from: string, to: string) => Promise<{ readonly first: number; readonly last: number } | null>;
  /** Up to `limit`. */
  readonly count: (selection: Selection, limit: number) => Promise<number>;
  /** First and last of them; null where there are none. */
  readonly ends: (selection: Selection) => Promise<{ readonly first: Place; readonly last: Place } | null>;
  readonly read: (selection: Selection) => AsyncIterable<AuditRecord>;
  readonly record: (seq: number) => Promise<{ readonly record: AuditRecord; readonly digest: string } | null>;
  readonly commentsOn: (records: readonly number[]) => Promise<readonly AuditRecord[]>;
  /** Limits of a tag in the configuration that a record holds; null where it says none. */
  readonly limits: (configuration: number, tag: string) => Promise<Limits | null>;
};

type Answer<Result> = Promise<({ readonly ok: true } & Result) | Refusal>;

export type Reviewing = {
  findings(caller: SignedIn, scope: ReviewScope): Answer<{ readonly findings: Findings }>;
  comment(caller: SignedIn, record: number, text: string): Answer<{ readonly comment: ReviewComment }>;
  commentsOn(record: number): Promise<readonly ReviewComment[]>;
  offer(caller: SignedIn, scope: ReviewScope): Answer<{ readonly offer: Offer }>;
  sign(
    caller: SignedIn,
    key: { readonly id: TerminalId; readonly publicKey: PublicKey },
    body: SignatureBody,
  ): Answer<{ readonly result: Review }>;
  list(): Promise<ReviewList>;
};

const about = 'log';

export function createReviewing(ports: ReviewPorts): Reviewing {
  const { areas, tags } = ports.plant;

  /** Subjects that records about exactly these areas have. */
  const subjectsIn = (ids: readonly AreaId[]): string[] => [
    ...tags.filter(({ area }) => ids.includes(area)).map(({ id }) => id),
    ...ids.map((id) => `area:${id}`),
  ];

  const judge = async (scope: ReviewScope): Answer<{ readonly findings: Findings }> => {
    if (Date.parse(scope.from) > Date.parse(scope.to))
      return refuse('malformed-request', 'The period ends before it begins.', { field: 'to' });
    if (Date.parse(scope.to) > ports.now())
      return refuse('malformed-request', 'The period ends in the future: more may happen in it.', { field: 'to' });
    const { area } = scope;
    const subjects = area === undefined ? undefined : subjectsWithin(ports.plant, area);
    if (subjects === null) return refuse('malformed-request', `There is no area ${area}.`, { field: 'area' });
    if (area !== undefined && scope.topics.some((topic) => !topicsWithAreas.has(topic)))
      return refuse('malformed-request', 'Only commands and events can be reviewed by area; leave the area out.', {
        field: 'area',
      });
    const found = await ports.stretch(scope.from, scope.to);
    if (found === null)
      return {
        ok: true,
        findings: { first: null, last: null, records: 0, counts: {}, byPerson: {}, findings: [], comments: [] },
      };
    const all: Selection = { ...found, kinds: kindsOfTopics(scope.topics), subjects };
    const judged: Selection = { ...found, kinds: kindsToJudge(scope.topics), subjects };
    if ((await ports.count(judged, mostJudged + 1)) > mostJudged) return tooMany();
    const findings: Finding[] = [];
    for await (const record of ports.read(judged)) {
      const codes = findingsOf(record, ports.rules, await limitsAt(record));
      if (codes.length > 0) findings.push({ record, codes: [...codes] });
      if (findings.length > mostFindings) return tooMany();
    }
    const comments = (await ports.commentsOn(findings.map(({ record }) => record.seq))).flatMap(commentOf);
    return {
      ok: true,
      findings: {
        ...found,
        records: await ports.count(all, Number.MAX_SAFE_INTEGER),
        counts: tally<FindingCode>(findings.flatMap(({ codes }) => codes)),
        byPerson: tally(findings.flatMap(({ record }) => record.actor?.id ?? [])),
        findings,
        comments,
      },
    };
  };

  /** All signed reviews, oldest first: read once, then only what came since. */
  const signed: Review[] = [];
  let signedUpTo = -1;
  const learnReviews = async (newest: number): Promise<void> => {
    const found: Review[] = [];
    for await (const record of ports.read({ first: signedUpTo + 1, last: newest, kinds: ['review.signed'] }))
      found.push(...reviewOf(record));
    // Whoever asked at the same time may have been quicker.
    signed.push(...found.filter(({ record }) => record > (signed.at(-1)?.record ?? -1)));
    signedUpTo = Math.max(signedUpTo, newest);
  };

  const limitsAt = async (record: AuditRecord): Promise<Limits | null> => {
    if (record.kind !== 'command.signed') return null;
    const standsOn = record.detail?.standsOn;
    const configuration =
      typeof standsOn === 'object' && standsOn !== null && 'configuration' in standsOn ? standsOn.configuration : null;
    return typeof configuration === 'number' ? ports.limits(configuration, record.subject) : null;
  };

  const unreviewedOf = async (
    line: Line,
    reviews: readonly ReviewChange[],
    newest: number,
  ): Promise<readonly Unreviewed[]> => {
    const kinds = kindsOfTopics([line.topic]);
    const bySubject = topicsWithAreas.has(line.topic)
      ? line.area === null
        ? { except: subjectsIn(areas.map(({ id }) => id)) }
        : { subjects: subjectsIn([line.area]) }
      : {};
    const found: Unreviewed[] = [];
    for (const gap of gapsOf(line, reviews, areas, newest)) {
      const selection = { ...gap, kinds, ...bySubject };
      const ends = await ports.ends(selection);
      if (ends === null) continue;
      const records = await ports.count(selection, countedUpTo + 1);
      const { first, last } = ends;
      found.push({ ...line, first: first.seq, last: last.seq, from: first.time, to: last.time, records });
    }
    return found;
  };

  return {
    async findings(caller, scope) {
      const answer = await judge(scope);
      if (!answer.ok) return answer;
      // Reading the trail is a record, here as elsewhere (AUD-1).
      await ports.append({
        kind: 'audit.viewed',
        actor: caller.actor,
        terminal: caller.terminal,
        address: caller.address,
        subject: about,
        detail: { review: { ...scope } },
      });
      return answer;
    },

    async comment(caller, seq, text) {
      const found = await ports.record(seq);
      if (found === null) return refuse('not-found', `There is no record ${seq}.`, { field: 'record' });
      const appended = await ports.append({
        kind: 'review.commented',
        actor: caller.actor,
        terminal: caller.terminal,
        address: caller.address,
        subject: `record:${seq}`,
        reason: { code: null, comment: text },
        detail: { record: seq, digest: found.digest },
      });
      const { printedName: by } = caller.actor;
      return { ok: true, comment: { record: seq, comment: appended.seq, time: appended.time, by, text } };
    },

    commentsOn: async (record) => (await ports.commentsOn([record])).flatMap(commentOf),

    async offer(caller, scope) {
      const judged = await judge(scope);
      if (!judged.ok) return judged;
      const { first, last, records, counts, byPerson, comments } = judged.findings;
      const checkpoint = ports.checkpoint();
      if (first === null || last === null || checkpoint === null)
        return refuse('wrong-stage', 'There is no record in this period: nothing to review.');
      const change: ReviewChange = {
        ...scope,
        first,
        last,
        records,
        findings: counts,
        byPerson,
        comments: comments.length,
        checkpoint,
      };
      const where = scope.area === undefined ? '' : ` in ${scope.area}`;
      return ports.actions.offer(caller, {
        purpose: 'review',
        about,
        description: `Review of the audit trail from ${scope.from} to ${scope.to}: ${scope.topics.join(', ')}${where}`,
        // Parsed again, so that what is signed is plain JSON.
        change: JSON.parse(JSON.stringify(change)),
      });
    },

    sign: (caller, key, body) =>
      ports.actions.sign(caller, key, about, 'review.refused', body, async ({ subject, record }) => {
        const change = reviewChangeSchema.parse(subject.change);
        const appended = await ports.append({ ...record, kind: 'review.signed', new: subject.change as never });
        const { id, printedName } = record.actor ?? caller.actor;
        return {
          ok: true,
          result: {
            record: appended.seq,
            time: appended.time,
            reviewer: { id, printedName },
            conclusion: record.reason?.comment ?? null,
            change,
          },
        };
      }),

    async list() {
      const newest = (ports.checkpoint()?.size ?? 0) - 1;
      await learnReviews(newest);
      const changes = signed.map(({ change }) => change);
      const unreviewed: Unreviewed[] = [];
      for (const line of linesOf(areas)) unreviewed.push(...(await unreviewedOf(line, changes, newest)));
      return { reviews: signed.slice(-reviewsListed).reverse(), unreviewed };
    },
  };
}

function tooMany(): Refusal {
  return refuse(
    'malformed-request',
    `More than ${mostFindings} records deserve a look. Choose a shorter period, or fewer topics.`,
    { field: 'to' },
  );
}

function tally<Key extends string>(keys: readonly Key[]): Partial<Record<Key, number>> & Record<string, number> {
  const counts: Record<string, number> = {};
  for (const key of keys) counts[key] = (counts[key] ?? 0) + 1;
  return counts as Partial<Record<Key, number>> & Record<string, number>;
}

/** Empty for a record that is no comment of ours. */
function commentOf(record: AuditRecord): readonly ReviewComment[] {
  const about = record.detail?.record;
  const text = record.reason?.comment;
  if (typeof about !== 'number' || typeof text !== 'string') return [];
  return [{ record: about, comment: record.seq, time: record.time, by: record.actor?.printedName ?? '', text }];
}

/** Empty for a review of a form that is not known here: it covers nothing. */
function reviewOf(record: AuditRecord): readonly Review[] {
  const change = reviewChangeSchema.safeParse(record.new);
  if (!change.success || record.actor === null) return [];
  const { id, printedName } = record.actor;
  const { seq, time, reason } = record;
  return [
    { record: seq, time, reviewer: { id, printedName }, conclusion: reason?.comment ?? null, change: change.data },
  ];
}
