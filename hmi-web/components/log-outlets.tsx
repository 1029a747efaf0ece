// Who beside the gateway keeps the log: its witnesses (AUD-3), the copies of its checkpoints, and the receivers of its
// records (AUD-10). Part of the page of the log's keeping. Values in, links to the records out.
import { IconAlertTriangleFilled } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { RecordKind } from '../../gateway/contract/audit-record.ts';
import type { Health } from '../../gateway/contract/health.ts';
import type { WitnessList } from '../../gateway/contract/proof.ts';
import { ageText } from '../model/times.ts';
import { receiverStateWords, type StandingWords, witnessStateWords } from '../texts/en.ts';
import { Listing } from './listing.tsx';
import { RowTime } from './row-time.tsx';

type Witness = WitnessList['witnesses'][number];
const witnessRecords: Readonly<Record<Witness['state'], RecordKind>> = {
  starting: 'witness.reached',
  cosigning: 'witness.reached',
  lost: 'witness.lost',
  refusing: 'witness.lost',
  conflict: 'witness.conflict',
};

export function LogWitnesses(props: {
  readonly witnesses: readonly Witness[];
  /** Records in the log now; null while it is not known. */
  readonly size: number | null;
  readonly nowMs: number;
  readonly timeZone: string;
}) {
  const { witnesses, size, nowMs, timeZone } = props;
  if (witnesses.length === 0)
    return (
      <p className="cs-card" data-testid="no-witness">
        <span>
          <strong>No witness is configured.</strong> Whoever administers this machine could take database and data
          folder back to an older state together, and nobody here would see it. A witness on somebody else’s machine
          does (<code>checkpoints.witnesses</code> in gateway.yaml, docs/witnesses.md).
        </span>
      </p>
    );
  return (
    <Listing labels={['Witness', 'State', 'Has cosigned', 'Last time, by its clock', 'Records']}>
      {witnesses.map((witness) => (
        <tr key={witness.name}>
          <td>
            {witness.name}
            <small>{witness.url}</small>
          </td>
          <td className="cs-standing">
            <Standing
              words={witnessStateWords[witness.state]}
              tone={witness.state === 'conflict' ? 'trouble' : toneOf(['starting', 'cosigning'], witness.state)}
              why={witness.why}
            />
          </td>
          <td>
            {count(witness.size)} records
            <small>{size === null ? 'of the log’s size is not known' : behindText(size - witness.size)}</small>
          </td>
          <td>
            {witness.cosignedAt === null ? (
              <span className="cs-muted">not since the gateway started</span>
            ) : (
              <>
                <RowTime time={witness.cosignedAt} timeZone={timeZone} />
                <small>age {ageText(nowMs - Date.parse(witness.cosignedAt))}</small>
              </>
            )}
          </td>
          <td>
            <RecordsOf kind={witnessRecords[witness.state]} />
          </td>
        </tr>
      ))}
    </Listing>
  );
}

export function LogReceivers({ parts }: { readonly parts: Health['parts'] }) {
  const receivers = Object.entries(parts.forwarding ?? {});
  return (
    <>
      {receivers.length === 0 ? (
        <p className="cs-card cs-muted">No receiver is configured (docs/forwarding.md).</p>
      ) : (
        <Listing labels={['Receiver', 'State', 'Still to acknowledge', 'Records']}>
          {receivers.map(([name, { state, behind }]) => (
            <tr key={name}>
              <td>{name}</td>
              <td className="cs-standing">
                <Standing
                  words={receiverStateWords[state]}
                  tone={toneOf(['starting', 'delivering'], state)}
                  why={null}
                />
              </td>
              <td>{count(behind)} records</td>
              <td>
                <RecordsOf kind={state === 'lost' ? 'forwarding.lost' : 'forwarding.restored'} />
              </td>
            </tr>
          ))}
        </Listing>
      )}
      {parts.checkpointCopies !== undefined && (
        <p>
          Copies of the checkpoints in a folder elsewhere:{' '}
          <span className="cs-state" data-tone={parts.checkpointCopies === 'lost' ? 'attention' : 'quiet'}>
            {parts.checkpointCopies === 'lost' ? 'cannot be written' : 'written'}
          </span>
        </p>
      )}
    </>
  );
}

function Standing(props: { readonly words: StandingWords; readonly tone: string; readonly why: string | null }) {
  const { words, tone, why } = props;
  return (
    <>
      <span className="cs-state" data-tone={tone}>
        {tone !== 'quiet' && <IconAlertTriangleFilled size={15} aria-hidden="true" />}
        {words.label}
      </span>
      {why !== null && <small>{why}</small>}
      {words.next !== null && <small>{words.next}</small>}
    </>
  );
}

function RecordsOf({ kind }: { readonly kind: RecordKind }) {
  return (
    <Link to="/audit" search={{ kind }} className="cs-menu-entry" style={{ display: 'inline-flex' }}>
      Records
    </Link>
  );
}

function toneOf(fine: readonly string[], state: string): 'quiet' | 'attention' {
  return fine.includes(state) ? 'quiet' : 'attention';
}

function behindText(behind: number): string {
  return behind <= 0 ? 'all there are' : `${count(behind)} still to come`;
}

function count(number: number): string {
  return number.toLocaleString('en');
}
