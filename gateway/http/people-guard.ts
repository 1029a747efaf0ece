// The guard's view of people and terminals: identity's registries as the functions that guard.ts asks for.
// Called by main.ts and by tests.

import { tokenBearer } from '../identity/access-token.ts';
import type { People } from '../identity/people.ts';
import { recordTerminalOf, unknownTerminal } from '../identity/terminal.ts';
import type { GuardParts } from './guard.ts';
import { createProofNonces } from './proof-nonces.ts';

/** `origins`: public addresses, asked at each request, since an ephemeral port is known only after listening. */
export function guardPartsOf(people: People, origins: () => readonly string[]): GuardParts {
  const { terminals, sessions, clocks, access, parts } = people;
  const recordTerminal: GuardParts['terminals']['recordTerminal'] = (id) => {
    const terminal = terminals.get(id)?.document;
    return terminal === undefined ? unknownTerminal(id) : recordTerminalOf(terminal);
  };
  return {
    origins,
    demo: parts.plant.demo,
    nonces: createProofNonces(parts.tick),
    now: parts.now,
    terminals: {
      standing: (id) => terminals.get(id)?.document.status ?? 'unknown',
      recordTerminal,
      noteClock: (id, skewMs, address) => clocks.note(id, recordTerminal(id), skewMs, address),
    },
    sessions: {
      find: (cookie, terminal, address, personsDoing) => sessions.find(cookie, terminal, address, personsDoing),
    },
    bearer: (header, address) => tokenBearer(people.tokens, parts.areas, parts.now, header, address),
    mayAnywhere: (caller, permission) => access.mayAnywhere(caller, permission),
  };
}
