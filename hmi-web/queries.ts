// What pages load, under which key, and how long it stays good: one place, so that live events renew the right entry.
// Used by pages through TanStack Query; live events are put in by pages/frame.tsx.
import { QueryClient, queryOptions } from '@tanstack/react-query';
import type { CommandView } from '../gateway/contract/command.ts';
import type { LogVerification } from '../gateway/contract/log-verification.ts';
import type { ConnectionView, Latest, TagView } from '../gateway/contract/tag.ts';
import type { UnattributedChange } from '../gateway/contract/unattributed-change.ts';
import type { CommandPage } from './gateway-client/endpoints.ts';
import type { Gateway } from './gateway-client/gateway.ts';
import { furtherOn } from './model/command-fate.ts';

const notHere: Latest = { value: null, quality: 'bad', reason: 'never-read', sourceTime: null, vouchedAt: null };

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        retry: false,
        staleTime: 30_000,
        // Neither the focus nor the network's return asks again: the live link tells what is new, and when it was lost.
        refetchOnWindowFocus: false,
        refetchOnReconnect: false,
        // A panel without any network but the plant's, or none at all beside its own gateway, counts as offline.
        networkMode: 'always',
      },
    },
  });
}

/** Without what changes by itself: the latest value, and how the permissives of a setpoint stand. */
function definitionOf(tag: TagView): TagView {
  const setpoint = tag.setpoint === null ? null : { ...tag.setpoint, permissives: [] };
  return { ...tag, setpoint, latest: notHere };
}

export const areasQuery = (gateway: Gateway) =>
  queryOptions({ queryKey: ['areas'], queryFn: () => gateway.api.areas() });
export const tagsQuery = (gateway: Gateway) =>
  queryOptions({
    queryKey: ['tags'],
    // Definitions only: values come by the live link. So an unchanged definition stays the same object, and a screen
    // that is in use is not built anew under the hands of a person.
    queryFn: async () => (await gateway.api.tags()).map(definitionOf),
  });
export const connectionsQuery = (gateway: Gateway) =>
  queryOptions({ queryKey: ['connections'], queryFn: () => gateway.api.connections(), refetchInterval: 30_000 });
export const commandsQuery = (gateway: Gateway) =>
  queryOptions({ queryKey: ['commands'], queryFn: () => gateway.api.commands(), refetchInterval: 30_000 });
export const awaitingQuery = (gateway: Gateway) =>
  queryOptions({
    queryKey: ['waiting', 'me'],
    queryFn: () => gateway.api.waitingCommands('awaiting=me'),
    refetchInterval: 30_000,
  });
export const breakGlassQuery = (gateway: Gateway) =>
  queryOptions({
    queryKey: ['waiting', 'breakGlass'],
    queryFn: () => gateway.api.waitingCommands('breakGlass=due'),
    refetchInterval: 30_000,
  });
export const unattributedQuery = (gateway: Gateway) =>
  queryOptions({ queryKey: ['unattributed'], queryFn: () => gateway.api.unattributed() });
/** Told live when it changes; asked again to see a pass go on. */
export const verificationQuery = (gateway: Gateway) =>
  queryOptions({ queryKey: ['verification'], queryFn: () => gateway.api.verification(), refetchInterval: 60_000 });
/** Who may read the log has them in every view: one that contradicts it is an alarm (AUD-3). */
export const witnessesQuery = (gateway: Gateway) =>
  queryOptions({ queryKey: ['witnesses'], queryFn: () => gateway.api.witnesses(), refetchInterval: 30_000 });
/** The plant's own words for records; they change with the configuration alone. */
export const messagesQuery = (gateway: Gateway) =>
  queryOptions({ queryKey: ['messages'], queryFn: () => gateway.api.messages(), staleTime: 300_000 });
export const reviewsQuery = (gateway: Gateway) =>
  queryOptions({ queryKey: ['reviews'], queryFn: () => gateway.api.reviews() });
export const commandQuery = (gateway: Gateway, id: string) =>
  queryOptions({ queryKey: ['command', id], queryFn: () => gateway.api.command(id) });
export const screenQuery = (gateway: Gateway, name: string) =>
  queryOptions({
    queryKey: ['screen', name],
    queryFn: () => gateway.api.screen(name),
    staleTime: Number.POSITIVE_INFINITY,
  });

/** A command's new state, by event or by answer: the list and its own entry take it, unless they know more already. */
export function noteCommand(client: QueryClient, command: CommandView): void {
  // For whom it waits the gateway alone knows.
  void client.invalidateQueries({ queryKey: ['waiting'] });
  // A tag shows its unknown outcomes until they are resolved (CMD-6).
  if (command.state === 'unknown' || command.state === 'resolved')
    void client.invalidateQueries({ predicate: ({ queryKey: [key] }) => key === 'tags' || key === 'tag' });
  client.setQueryData<CommandView>(['command', command.id], (known) =>
    known === undefined ? command : furtherOn(known, command),
  );
  client.setQueryData<CommandPage>(['commands'], (page) => {
    if (page === undefined) return page;
    const known = page.commands.find((entry) => entry.id === command.id);
    const others = page.commands.filter((entry) => entry.id !== command.id);
    return { ...page, commands: [known === undefined ? command : furtherOn(known, command), ...others] };
  });
}

/** A change made past the gateway, by live event; where the list was never read, it is read now. */
export function noteUnattributed(client: QueryClient, change: UnattributedChange): void {
  client.setQueryData<UnattributedChange[]>(['unattributed'], (known) =>
    known === undefined ? undefined : [change, ...known.filter(({ record }) => record !== change.record)],
  );
  void client.invalidateQueries({ queryKey: ['unattributed'] });
}

export function noteVerification(client: QueryClient, view: LogVerification): void {
  client.setQueryData<LogVerification>(['verification'], (known) => (known === undefined ? undefined : view));
}

export function noteConnection(client: QueryClient, connection: ConnectionView): void {
  client.setQueryData<ConnectionView[]>(['connections'], (known) =>
    known?.map((entry) => (entry.id === connection.id ? connection : entry)),
  );
}
