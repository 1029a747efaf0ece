// A person at a terminal who does not give up: signs in again after the gateway was killed, and says honestly when no
// answer came. Speaks HTTP like anybody else. Used by lane.ts and what it calls.
import { setTimeout as pause } from 'node:timers/promises';
import { type ApiAnswer, ApiClient, codeOf } from '../support/api-client.ts';
import { SoftwarePasskey } from '../support/software-passkey.ts';
import { password } from './scene.ts';

const againAfterMs = 60;
/** Longer than a signature waits for its outcome, on a loaded machine. */
const unansweredMs = 20_000;

/** What the gateway offers to sign, and what the signature must bring. */
export type Offer = {
  readonly statement: unknown;
  readonly requires: {
    readonly components: readonly string[];
    readonly meanings: readonly string[];
    readonly reasonCodes: readonly { readonly code: string }[];
  };
};
export type Asked = Offer & { readonly id: string };

export class Person {
  readonly name: string;
  readonly client: ApiClient;
  readonly #passkey: SoftwarePasskey;
  #signingIn: Promise<boolean> | null = null;

  private constructor(name: string, client: ApiClient, passkey: SoftwarePasskey) {
    this.name = name;
    this.client = client;
    this.#passkey = passkey;
  }

  /** At a terminal of his own, with a passkey registered; the same person at one more terminal brings his own along. */
  static async at(origin: string, name: string, elsewhere?: Person): Promise<Person> {
    const client = await ApiClient.ready(origin, name, password);
    if (elsewhere !== undefined) return new Person(name, client, elsewhere.#passkey);
    const passkey = new SoftwarePasskey(origin);
    const options = await client.post<{ challenge: string }>('/passkeys/options', {});
    const { clientExtensionResults: _none, ...response } = passkey.register(options.body.challenge);
    const registered = await client.post('/passkeys', { name: 'in software', password, response });
    if (registered.status !== 201) throw new Error(`no passkey for ${name}: ${JSON.stringify(registered.body)}`);
    return new Person(name, client, passkey);
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

  /** The body of a signature on what was offered at the terminal of `at`. */
  async signed({ statement, requires }: Offer, at: Person): Promise<unknown> {
    const jws = await at.client.signStatement(statement, {
      signer: this.name,
      meaning: requires.meanings[0] ?? 'responsibility',
      reasonCode: requires.reasonCodes[0]?.code ?? null,
      comment: 'fault run',
    });
    const assertion = requires.components.includes('passkey') ? { assertion: this.#passkey.assert(jws) } : {};
    return { statement: jws, username: this.name, password, ...assertion };
  }

  async #once(method: string, path: string, body: unknown): Promise<ApiAnswer | null> {
    try {
      return await Promise.race([this.client.send(method, path, body), pause(unansweredMs, null, { ref: false })]);
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
