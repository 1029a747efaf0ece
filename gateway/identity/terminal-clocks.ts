// Each terminal's clock against the gateway's (TRM-6), as its proofs show it. A wrong clock locks nobody out: it is
// recorded once, and once more after it was right again.
import type { RecordTerminal } from '../contract/audit-record.ts';
import type { TerminalId } from '../contract/ids.ts';
import type { AppendAudit } from './ports.ts';

const skewedBeyondMs = 60_000;
const rightWithinMs = 30_000;

export class TerminalClocks {
  readonly #append: AppendAudit;
  readonly #reportFault: (context: string, fault: unknown) => void;
  readonly #skews = new Map<TerminalId, { skewMs: number; told: boolean }>();

  constructor(append: AppendAudit, reportFault: (context: string, fault: unknown) => void) {
    this.#append = append;
    this.#reportFault = reportFault;
  }

  /** `skewMs` is positive when the terminal is ahead. Enrolled terminals only, which bounds what is kept. */
  note(id: TerminalId, terminal: RecordTerminal, skewMs: number, address: string): void {
    const known = this.#skews.get(id) ?? { skewMs, told: false };
    known.skewMs = skewMs;
    this.#skews.set(id, known);
    if (Math.abs(skewMs) <= rightWithinMs) known.told = false;
    if (Math.abs(skewMs) <= skewedBeyondMs || known.told) return;
    known.told = true;
    const detail = { skewSeconds: Number.isFinite(skewMs) ? Math.round(skewMs / 1000) : null };
    this.#append({
      kind: 'terminal.clock-skewed',
      actor: null,
      terminal,
      address,
      subject: `terminal:${id}`,
      detail,
    }).catch((fault: unknown) => {
      known.told = false;
      this.#reportFault('recording a skewed clock', fault);
    });
  }

  /** Last seen; undefined where nothing was seen since the start. */
  skewMs(id: TerminalId): number | undefined {
    return this.#skews.get(id)?.skewMs;
  }
}
