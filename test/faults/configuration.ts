// The demo plant's configuration as the fault run wants it: the same tags and rights, shorter times, more commands that
// need a countersignature. Written into a folder of the run's own; config/demo itself is only read.
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Document, parseDocument } from 'yaml';
import type { Target } from './trial.ts';

const demoFolder = join(import.meta.dirname, '../../config/demo');

/** One operator and one supervisor work on each of them, side by side. */
export const targets: readonly Target[] = [
  { tag: 'BR101.TIC.SP', protocol: 'opcua', signatures: 1, passkey: false },
  { tag: 'WFI.TIC.SP', protocol: 'modbus', signatures: 1, passkey: false },
  { tag: 'BR101.PH.SP', protocol: 'opcua', signatures: 1, passkey: false },
  { tag: 'WFI.FIC.SP', protocol: 'modbus', signatures: 1, passkey: false },
  { tag: 'BR101.DO.SP', protocol: 'opcua', signatures: 2, passkey: true },
  { tag: 'WFI.PUMP.CMD', protocol: 'modbus', signatures: 2, passkey: false },
  { tag: 'BR101.SIC.SP', protocol: 'opcua', signatures: 1, passkey: true },
];

/** Watched for a while after the write, so that what reverts is seen to; the others are confirmed at once. */
const settlingTags: ReadonlySet<string> = new Set(['BR101.TIC.SP', 'WFI.FIC.SP', 'WFI.PUMP.CMD']);

/** Returns each target's read-back tolerance. Throws where the demo lacks a target, so that no tag is left out unseen. */
export function writeConfiguration(folder: string): ReadonlyMap<string, number> {
  cpSync(demoFolder, folder, { recursive: true });
  change(folder, 'connections.yaml', (connections) => {
    for (const index of indexesOf(connections, 'connections')) {
      connections.setIn(['connections', index, 'lostAfterMs'], 1000);
      connections.setIn(['connections', index, 'options', 'requestTimeoutMs'], 500);
    }
  });
  change(folder, 'signing.yaml', (signing) => {
    // Long enough for a restart between asking and signing; what was abandoned expires within the run.
    for (const index of indexesOf(signing, 'policies')) signing.setIn(['policies', index, 'timeLimitSeconds'], 20);
    const { policies } = signing.toJS() as { readonly policies: readonly { readonly signatures: number }[] };
    for (const policy of policies) {
      const breakGlass = policy.signatures > 1 ? { breakGlass: { allowed: true, dueMinutes: 60 } } : {};
      for (const passkey of [false, true]) {
        const components = passkey ? { components: 'password-and-passkey' } : {};
        const added = { ...policy, ...breakGlass, ...components, name: policyOf(policy.signatures, passkey) };
        signing.addIn(['policies'], signing.createNode(added));
      }
    }
  });
  const tolerances = new Map<string, number>();
  change(folder, 'tags.yaml', (tags) => {
    for (const { tag, signatures, passkey } of targets) {
      const index = indexesOf(tags, 'tags').find((each) => tags.getIn(['tags', each, 'id']) === tag);
      if (index === undefined) throw new Error(`config/demo has no tag ${tag}`);
      tags.setIn(['tags', index, 'setpoint', 'settleMs'], settlingTags.has(tag) ? 150 : 0);
      tags.setIn(['tags', index, 'setpoint', 'confirmWithinMs'], 400);
      tags.setIn(['tags', index, 'setpoint', 'policy'], policyOf(signatures, passkey));
      // A run asks far more often than the plant would let people.
      for (const limit of ['rate', 'minIntervalSeconds']) tags.deleteIn(['tags', index, 'setpoint', limit]);
      tolerances.set(tag, Number(tags.getIn(['tags', index, 'setpoint', 'tolerance'])));
    }
  });
  return tolerances;
}

function policyOf(signatures: number, passkey: boolean): string {
  return `faults-${signatures}${passkey ? '-with-passkey' : ''}`;
}

function change(folder: string, name: string, edit: (document: Document) => void): void {
  const document = parseDocument(readFileSync(join(folder, name), 'utf8'));
  edit(document);
  writeFileSync(join(folder, name), document.toString());
}

function indexesOf(document: Document, list: string): readonly number[] {
  const items = (document.toJS() as Record<string, unknown>)[list];
  return Array.isArray(items) ? items.map((_, index) => index) : [];
}
