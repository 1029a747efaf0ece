// A machine with an access token: an administrator's client issues one, and it speaks with nothing but that. Used by flow
// tests of what machines may do.
import type { ApiClient } from './api-client.ts';
import { demoPassword } from './gateway.ts';

export type MachineAnswer = { readonly status: number; readonly body: Record<string, unknown> };
export type TestMachine = {
  readonly id: string;
  readonly send: (method: string, path: string, body?: unknown) => Promise<MachineAnswer>;
};

/** Throws with the refusal's code. */
export async function newMachine(
  admin: ApiClient,
  name: string,
  scopes: readonly string[],
  areas: readonly string[],
): Promise<TestMachine> {
  const offered = await admin.post('/tokens/statements', { change: { name, scopes, areas, expiresInDays: 30 } });
  const issued = await admin.post('/tokens/signatures', {
    statement: await admin.signStatement(offered.body.statement, { signer: 'admin', meaning: 'approval' }),
    username: 'admin',
    password: demoPassword,
  });
  const { id, token } = issued.body as { id?: string; token?: string };
  if (id === undefined || token === undefined) throw new Error(`no token: ${JSON.stringify(issued.body)}`);
  return {
    id,
    send: async (method, path, body) => {
      const response = await fetch(`${admin.origin}/api/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    },
  };
}
