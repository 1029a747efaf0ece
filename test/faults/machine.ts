// A machine with an access token that may propose and nothing else (CMD-10), issued by the administrator's signature as
// any other. Used by asking.ts.
import type { ApiAnswer, ApiClient } from '../support/api-client.ts';
import { password } from './scene.ts';

export class Machine {
  readonly #origin: string;
  readonly #token: string;

  private constructor(origin: string, token: string) {
    this.#origin = origin;
    this.#token = token;
  }

  /** Throws where no token is issued: nothing has been struck yet. */
  static async at(admin: ApiClient, name: string): Promise<Machine> {
    const change = { name, scopes: ['propose'], areas: ['site'], expiresInDays: 1 };
    const offer = await admin.post<{ statement: unknown }>('/tokens/statements', { change });
    const issued = await admin.post<{ token?: string }>('/tokens/signatures', {
      statement: await admin.signStatement(offer.body.statement, { signer: 'admin', meaning: 'approval' }),
      username: 'admin',
      password,
    });
    if (issued.body.token === undefined) throw new Error(`no token for ${name}: ${JSON.stringify(issued.body)}`);
    return new Machine(admin.origin, issued.body.token);
  }

  /** Null where no answer came. */
  async propose(tagId: string, value: unknown): Promise<ApiAnswer | null> {
    try {
      const response = await fetch(`${this.#origin}/api/v1/proposals`, {
        method: 'POST',
        headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ tagId, value, origin: 'MES of the fault run' }),
      });
      const body = (await response.json()) as Record<string, unknown>;
      return { status: response.status, headers: response.headers, body };
    } catch {
      return null;
    }
  }
}
