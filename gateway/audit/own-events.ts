// Events of other systems as records (AUD-9): checked, put into the plant's words in every language that has some, appended.
// The words stand in the record itself, so that it reads the same after the configuration changed. Called by routes/events.ts.
import { type RecordDraft, recordKinds } from '../contract/audit-record.ts';
import type { EventBody } from '../contract/event.ts';
import type { AreaId } from '../contract/ids.ts';
import { bareMessage, renderTemplate, type Words, wordsIn } from '../contract/message-template.ts';
import { type Refusal, refuse } from '../contract/problem.ts';
import type { TokenBearer } from '../identity/access-token.ts';
import type { AppendAudit, Now } from '../identity/ports.ts';
import type { Plant } from '../plant/tag.ts';

/** One configured event: `fields` are those that it must carry; null: any. */
export type OwnEvent = { readonly fields: readonly string[] | null; readonly words: Words };

export type OwnEventParts = {
  readonly now: Now;
  readonly append: AppendAudit;
  readonly plant: Pick<Plant, 'areas' | 'tags'>;
  /** The plant's own first. */
  readonly languages: readonly string[];
  readonly events: ReadonlyMap<string, OwnEvent>;
};

export type PostedEvent = {
  readonly record: number;
  readonly time: string;
  readonly message: string;
  readonly language: string | null;
};

/** Of one token; beyond: too-many-requests. */
export const perTokenAndMinute = 600;
const minuteMs = 60_000;

const reservedWords: ReadonlySet<string> = new Set(recordKinds.map((kind) => kind.split('.')[0] ?? ''));

/** Refusals carry their record, but for too-many-requests, which the edge counts. */
export function ownEvents(
  parts: OwnEventParts,
): (machine: TokenBearer, body: EventBody) => Promise<{ readonly ok: true; readonly posted: PostedEvent } | Refusal> {
  const tags = new Map(parts.plant.tags.map((tag) => [tag.id, tag]));
  const areas = new Set(parts.plant.areas.map((area) => area.id));
  /** Events by token in the minute that is under way: it holds as many tokens as there are. */
  let minute = { startedMs: parts.now(), counts: new Map<string, number>() };

  const withinRate = (token: string): boolean => {
    const nowMs = parts.now();
    if (nowMs - minute.startedMs >= minuteMs || nowMs < minute.startedMs)
      minute = { startedMs: nowMs, counts: new Map() };
    const count = (minute.counts.get(token) ?? 0) + 1;
    minute.counts.set(token, count);
    return count <= perTokenAndMinute;
  };

  const judge = (machine: TokenBearer, body: EventBody): { ok: true; subject: string } | Refusal => {
    const tag = body.tagId === undefined ? undefined : tags.get(body.tagId);
    if (body.tagId !== undefined && tag === undefined)
      return refuse('tag-unknown', `There is no tag ${body.tagId}.`, { field: 'tagId' });
    const area: AreaId | undefined = body.area ?? tag?.area;
    if (area === undefined || (body.area !== undefined && tag !== undefined && tag.area !== body.area))
      return refuse('malformed-request', 'Say what it is about: a tag, or an area.', { field: 'area' });
    if (!areas.has(area)) return refuse('malformed-request', `There is no area ${area}.`, { field: 'area' });
    if (!machine.mayActIn(area)) return refuse('right-missing', `This token may not report for the area ${area}.`);
    const first = body.event.split('.')[0] ?? '';
    if (reservedWords.has(first))
      return refuse('malformed-request', `"${first}." begins the log’s own kinds; choose another first word.`, {
        field: 'event',
      });
    const given = Object.keys(body.fields ?? {});
    const wanted = parts.events.get(body.event)?.fields ?? null;
    const missing = wanted?.find((name) => !given.includes(name));
    if (missing !== undefined)
      return refuse('malformed-request', `${body.event} needs the field "${missing}".`, { field: 'fields' });
    const unknown = wanted === null ? undefined : given.find((name) => !wanted.includes(name));
    if (unknown !== undefined)
      return refuse('malformed-request', `${body.event} has no field "${unknown}".`, { field: 'fields' });
    return { ok: true, subject: tag?.id ?? `area:${area}` };
  };

  const who = (machine: TokenBearer): Pick<RecordDraft, 'actor' | 'terminal' | 'address'> => ({
    actor: machine.actor,
    terminal: null,
    address: machine.address,
  });

  return async (machine, body) => {
    if (!withinRate(machine.actor.id))
      return refuse('too-many-requests', `A token may report ${perTokenAndMinute} events a minute at most.`);
    const judged = judge(machine, body);
    if (!judged.ok) {
      const { seq } = await parts.append({
        ...who(machine),
        kind: 'event.refused',
        subject: body.tagId ?? (body.area === undefined ? 'gateway' : `area:${body.area}`),
        detail: { code: judged.code, text: judged.detail, event: body.event, fields: body.fields ?? {} },
      });
      return { ...judged, record: seq };
    }
    const said = inWords(parts, judged.subject, machine, body);
    const { seq, time } = await parts.append({
      ...who(machine),
      kind: 'event.posted',
      subject: judged.subject,
      detail: {
        event: body.event,
        fields: body.fields ?? {},
        occurredAt: body.occurredAt,
        message: said.message,
        language: said.language,
        messages: said.messages,
      },
    });
    return { ok: true, posted: { record: seq, time, message: said.message, language: said.language } };
  };
}

function inWords(
  { languages, events }: OwnEventParts,
  subject: string,
  machine: TokenBearer,
  { event, fields = {} }: EventBody,
): { readonly message: string; readonly language: string | null; readonly messages: Words } {
  const values = { subject, actor: machine.actor.printedName, ...fields };
  const words = events.get(event)?.words ?? {};
  const messages = Object.fromEntries(
    Object.entries(words).map(([language, template]) => [language, renderTemplate(template, values)]),
  );
  const own = wordsIn(messages, languages, languages[0] ?? '');
  return own === undefined
    ? { message: bareMessage(event, fields), language: null, messages }
    : { message: own.template, language: own.language, messages };
}
