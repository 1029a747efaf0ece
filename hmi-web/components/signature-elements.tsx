// The elements of one signature (SIG-2, SIG-8): printed name, time in the plant's zone and UTC, meaning, reason, comment,
// terminal, and what it was signed with. Values in only; stands with every stage that a person signed.
import type { SignatureView } from '../../gateway/contract/command.ts';
import { meanings } from '../texts/en.ts';
import { FullTime } from './full-time.tsx';

export function SignatureElements({
  signature,
  timeZone,
}: {
  readonly signature: SignatureView;
  readonly timeZone: string;
}) {
  return (
    <dl className="cs-facts cs-signature-elements" aria-label={`Signature of ${signature.printedName}`}>
      <dt>Signed by</dt>
      <dd>
        <strong>{signature.printedName}</strong> ({signature.signer})
      </dd>
      <dt>Meaning</dt>
      <dd>{meanings[signature.meaning]}</dd>
      <dt>Reason</dt>
      <dd>{signature.reasonText ?? signature.reasonCode ?? 'none from the list'}</dd>
      {signature.comment !== null && (
        <>
          <dt>Comment</dt>
          <dd>{signature.comment}</dd>
        </>
      )}
      <dt>Signed at</dt>
      <dd>
        <FullTime time={signature.time} timeZone={timeZone} />
      </dd>
      <dt>Terminal</dt>
      <dd>
        {signature.terminal.name}, its clock <FullTime time={signature.signedAt} timeZone={timeZone} />
      </dd>
      <dt>Signed with</dt>
      <dd>
        {signature.passkey === undefined
          ? 'password; the statement signed by the terminal’s key'
          : `passkey of record ${signature.passkey.record}; the statement signed by the terminal’s key`}
      </dd>
    </dl>
  );
}
