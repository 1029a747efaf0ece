// A person at a terminal of the running demo, as fast as the gateway lets him: asks, signs, and takes the time from the
// signature request to the confirmed outcome alone. Used by the sign case; lives outside the gateway's process.
import { setTimeout as pause } from 'node:timers/promises';
import { type ApiAnswer, type ApiClient, codeOf } from '../support/api-client.ts';

type TagAnswer = {
  readonly latest: { readonly value: unknown; readonly sourceTime: string; readonly quality: string };
};
type Asked = {
  readonly id: string;
  readonly statement: unknown;
  readonly requires: {
    readonly meanings: readonly string[];
    readonly reasonCodes: readonly { readonly code: string }[];
  };
};

const patienceMs = 90_000;

/** Elapsed milliseconds of one signed change of `tag` to `value`. Throws unless it ends as confirmed. */
export async function signOne(
  person: ApiClient,
  name: string,
  password: string,
  tag: string,
  value: number,
): Promise<number> {
  const asked = await ask(person, tag, value);
  const path = `/commands/${asked.id}/signatures`;
  const body = {
    statement: await person.signStatement(asked.statement, {
      signer: name,
      meaning: asked.requires.meanings[0] ?? 'responsibility',
      reasonCode: asked.requires.reasonCodes[0]?.code ?? null,
    }),
    username: name,
    password,
  };
  // The terminal's own work, proof included, is done before the request is sent.
  const proof = await person.proof('POST', `/api/v1${path}`, JSON.stringify(body));
  const startedMs = performance.now();
  const answer = await person.post<{ readonly state: string }>(path, body, { proof, once: true });
  const elapsedMs = performance.now() - startedMs;
  if (answer.body.state !== 'confirmed') throw new Error(`signing ${tag} = ${value}: ${describe(answer)}`);
  return elapsedMs;
}

/** Waits for the gateway's screen to show what the device holds after the change before, and for its rate limits. */
async function ask(person: ApiClient, tag: string, value: number): Promise<Asked> {
  const giveUpMs = performance.now() + patienceMs;
  for (;;) {
    const seen = await person.get<TagAnswer>(`/tags/${tag}`);
    let answer: ApiAnswer<unknown> = seen;
    if (seen.status === 200 && seen.body.latest.quality === 'good' && seen.body.latest.value !== value) {
      const { value: shown, sourceTime } = seen.body.latest;
      answer = await person.post<Asked>('/commands', { tagId: tag, value, observed: { value: shown, sourceTime } });
      if (answer.status === 201) return answer.body as Asked;
      if (answer.status !== 429 && codeOf(answer) !== 'value-changed')
        throw new Error(`asking for ${tag} = ${value}: ${describe(answer)}`);
    }
    if (performance.now() > giveUpMs)
      throw new Error(`asking for ${tag} = ${value} took too long: ${describe(answer)}`);
    const retryAfter = Number(answer.headers.get('retry-after') ?? Number.NaN);
    await pause(answer.status === 429 ? Math.max(100, (retryAfter || 1) * 1000) : 60);
  }
}

function describe(answer: ApiAnswer<unknown>): string {
  return `${answer.status} ${JSON.stringify(answer.body).slice(0, 400)}`;
}
