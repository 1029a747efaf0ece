// A witness contradicts the log (AUD-3): told in every view of who may read the log, with what to do. Values in, a link out.
import { IconAlertTriangleFilled } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { WitnessList } from '../../gateway/contract/proof.ts';
import { witnessStateWords } from '../texts/en.ts';

/** Loud in every view: somebody out of the administrators' reach says that this is not the log that he knew. */
export function WitnessConflictNotice({ witnesses }: { readonly witnesses: WitnessList['witnesses'] }) {
  const against = witnesses.filter(({ state }) => state === 'conflict');
  const [first] = against;
  if (first === undefined) return null;
  return (
    <div className="cs-notice" data-tone="trouble" role="alert">
      <IconAlertTriangleFilled size={22} aria-hidden="true" />
      <div>
        <strong>
          {against.map(({ name }) => name).join(' and ')} {against.length === 1 ? 'contradicts' : 'contradict'} the
          audit log.
        </strong>
        <p>
          {first.why !== null && `${first.why} `}
          {witnessStateWords.conflict.next} <Link to="/log">How the log is kept</Link>
        </p>
      </div>
    </div>
  );
}
