// How the gateway's own check of its log goes (AUD-5): a line for the audit trail's page, and a notice in every view while a
// record is not what was recorded. Values in, nothing out.
import { IconAlertTriangleFilled } from '@tabler/icons-react';
import type { LogVerification } from '../../gateway/contract/log-verification.ts';
import { FullTime } from './full-time.tsx';

type Shown = { readonly view: LogVerification; readonly timeZone: string };

export function LogVerificationLine({ view, timeZone }: Shown) {
  const { state, checked, size, lastGood, altered } = view;
  return (
    <p className="cs-muted" role="status" aria-label="Verification of the log">
      {altered !== null && <strong>Verification found record {altered.seq} altered. </strong>}
      {lastGood === null ? (
        'Not verified yet since the gateway started'
      ) : (
        <>
          Last found whole <FullTime time={lastGood.at} timeZone={timeZone} />: {count(lastGood.records)} records,{' '}
          {count(lastGood.signatures)} signatures
        </>
      )}
      {state === 'checking' && size > 0 && (
        <>
          {' '}
          · verifying, {count(checked)} of {count(size)}
        </>
      )}
      {state === 'unavailable' && ' · the database does not answer; it is tried again'}
    </p>
  );
}

export function LogAlteredNotice({ view, timeZone }: Shown) {
  const { altered } = view;
  if (altered === null) return null;
  const which =
    altered.through === null
      ? `record ${altered.seq} is`
      : `one of the records ${altered.seq} to ${altered.through} is`;
  return (
    <div className="cs-notice" data-tone="trouble" role="alert">
      <IconAlertTriangleFilled size={22} aria-hidden="true" />
      <div>
        <strong>The audit log was altered: {which} not what was recorded.</strong>
        <p>
          Found <FullTime time={altered.foundAt} timeZone={timeZone} />: {altered.why}. Leave the database as it is, and
          have an administrator run <code>countersign audit verify</code>.
        </p>
      </div>
    </div>
  );
}

function count(number: number): string {
  return number.toLocaleString('en');
}
