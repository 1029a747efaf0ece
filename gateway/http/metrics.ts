// Prometheus figures (OPS-4), read at GET /metrics: Node's own, the log, the connections, the fate of commands.
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { CommandView } from '../contract/command.ts';
import { closedStates } from '../contract/command-state.ts';
import type { Health } from '../contract/health.ts';

export type Metrics = {
  readonly registry: Registry;
  /** Counts a command once it has closed; call it with every view that the desk announces. */
  readonly countCommand: (view: CommandView) => void;
};

/** `health` is read at each scrape. */
export function gatewayMetrics(health: () => Health): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'countersign_log_records',
    help: 'Number of records in the audit log',
    registers: [registry],
    collect() {
      this.set(health().parts.log.size);
    },
  });
  new Gauge({
    name: 'countersign_log_writing',
    help: '1 while the audit log takes records, else 0',
    registers: [registry],
    collect() {
      this.set(health().parts.log.state === 'writing' ? 1 : 0);
    },
  });
  new Gauge({
    name: 'countersign_connection_up',
    help: '1 while the connection to the PLC stands, else 0',
    labelNames: ['connection'],
    registers: [registry],
    collect() {
      for (const [connection, state] of Object.entries(health().parts.connections))
        this.set({ connection }, state === 'connected' ? 1 : 0);
    },
  });
  new Gauge({
    name: 'countersign_forwarding_up',
    help: '1 while the receiver of forwarded records takes them, else 0',
    labelNames: ['receiver'],
    registers: [registry],
    collect() {
      for (const [receiver, { state }] of Object.entries(health().parts.forwarding ?? {}))
        this.set({ receiver }, state === 'delivering' ? 1 : 0);
    },
  });
  new Gauge({
    name: 'countersign_forwarding_behind_records',
    help: 'Records of the audit log that the receiver has still to acknowledge',
    labelNames: ['receiver'],
    registers: [registry],
    collect() {
      for (const [receiver, { behind }] of Object.entries(health().parts.forwarding ?? {}))
        this.set({ receiver }, behind);
    },
  });
  new Gauge({
    name: 'countersign_witness_cosigning',
    help: '1 while the witness cosigns the log’s checkpoints, -1 where it has seen another log, else 0',
    labelNames: ['witness'],
    registers: [registry],
    collect() {
      for (const [witness, { state }] of Object.entries(health().parts.witnesses ?? {}))
        this.set({ witness }, state === 'cosigning' ? 1 : state === 'conflict' ? -1 : 0);
    },
  });
  new Gauge({
    name: 'countersign_witness_behind_records',
    help: 'Records of the audit log that the witness has still to cosign',
    labelNames: ['witness'],
    registers: [registry],
    collect() {
      for (const [witness, { behind }] of Object.entries(health().parts.witnesses ?? {})) this.set({ witness }, behind);
    },
  });
  const closed = new Counter({
    name: 'countersign_commands_closed_total',
    help: 'Commands by the state in which they closed',
    labelNames: ['state'],
    registers: [registry],
  });
  return {
    registry,
    countCommand(view) {
      if (closedStates.has(view.state)) closed.inc({ state: view.state });
    },
  };
}
