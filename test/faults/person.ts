// A person at a terminal who does not give up: signs in again after the gateway was killed, and says honestly when no
// answer came. Speaks HTTP like anybody else. Used by lane.ts.
import { setTimeout as pause } from 'node:timers/promises';
import { type ApiAnswer, ApiClient, codeOf } from '../support/api-client.ts';
import { password } from './scene.ts';

const againAfterMs = 60;

export type Asked = {
  readonly id: string;
  readonly state: string;
  readonly statement: unknown;
  readonly requires: {
    readonly meanings: readonly string[];
    readonly reasonCodes: readonly { readonly code: string }[];
  };
};

export class Person {
  readonly name: string;
  readonly client: ApiClient;
  #signingIn: Promise<boolean> | null = null;

  private constructor(name: string, client: ApiClient) {
    this.name = name;
    this.client = client;
  }

  static async at(origin: string, name: string): Promise<Person> {
    return new Person(name, await ApiClient.ready(origin, name, password));
  }

  /**
   * The gateway's answer; null where none came, and then nobody knows what became of the request. Without a session he
   * signs in and sends it once more: the first was refused before anything was done.
   */
  async send(method: string, path: string, body?: unknown): Promise<ApiAnswer | null> {
    const answer = await this.#once(method, path, body);
    if (answer === null || answer.status !== 401 || codeOf(answer) !== 'not-signed-in') return answer;
    return (await this.#signIn()) ? this.#once(method, path, body) : null;
  }

  /** Repeats a question until it is answered with 200, or `untilMs` (performance.now) has passed; then null. */
  async find<Body>(path: string, untilMs: number): Promise<Body | null> {
    for (;;) {
      const answer = await this.send('GET', path);
      if (answer?.status === 200) return answer.body as Body;
      if (performance.now() > untilMs) return null;
      await pause(againAfterMs);
    }
  }

  /** The body of a signature on what was offered. */
  async signed(offer: Pick<Asked, 'statement' | 'requires'>): Promise<unknown> {
    const statement = await this.client.signStatement(offer.statement, {
      signer: this.name,
      meaning: offer.requires.meanings[0] ?? 'responsibility',
      reasonCode: offer.requires.reasonCodes[0]?.code ?? null,
      comment: 'fault run',
    });
    return { statement, username: this.name, password };
  }

  async #once(method: string, path: string, body: unknown): Promise<ApiAnswer | null> {
    try {
      return await this.client.send(method, path, body);
    } catch {
      return null;
    }
  }

  async #signIn(): Promise<boolean> {
    this.#signingIn ??= this.client
      .signIn(this.name, password)
      .then(
        ({ status }) => status === 200,
        () => false,
      )
      .finally(() => {
        this.#signingIn = null;
      });
    return this.#signingIn;
  }
}
