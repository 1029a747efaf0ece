// One audit record in full: time in the plant's zone and UTC, who, where, what, why, and the signature's elements (SIG-8).
// Values in; out comes a wish to narrow the view to this person, terminal or subject.
import { Button } from '@mantine/core';
import type { AuditRecord } from '../../gateway/contract/audit-record.ts';
import type { Assertion } from '../../gateway/contract/passkey.ts';
import { assertionWords } from '../model/assertion-words.ts';
import { type AuditFilter, actorText, changeText, jsonText, kindText, readJws } from '../model/audit-words.ts';
import { plantTime } from '../model/times.ts';
import type { Shape } from '../model/values.ts';
import { meanings } from '../texts/en.ts';

export function RecordDetail(props: {
  readonly record: AuditRecord;
  /** Of the tag that it is about, where it is about one: names its states. */
  readonly shape: Shape | undefined;
  readonly timeZone: string;
  /** Absent where there is no view to narrow. */
  readonly onNarrow?: (part: Partial<AuditFilter>) => void;
}) {
  const { record, timeZone, onNarrow } = props;
  const time = plantTime(record.time, timeZone);
  const signature = record.signature === undefined ? null : readJws(record.signature.jws);
  const change = changeText(record, props.shape);
  return (
    <div className="cs-page" style={{ padding: '8px 0 14px' }}>
      <dl className="cs-facts">
        <dt>Record</dt>
        <dd>
          {record.seq} · {kindText(record.kind)} <code>{record.kind}</code>
        </dd>
        <dt>Plant time</dt>
        <dd>
          {time.local} ({time.offset}, {timeZone})
        </dd>
        <dt>UTC</dt>
        <dd>{record.time}</dd>
        <dt>Who</dt>
        <dd>{record.actor === null ? 'the gateway itself' : `${actorText(record)} (${record.actor.id})`}</dd>
        <dt>Where</dt>
        <dd>
          {record.terminal === null ? 'no terminal' : `${record.terminal.name} (${record.terminal.id})`}
          {record.address !== null && `, from ${record.address}`}
        </dd>
        <dt>Subject</dt>
        <dd>
          <code>{record.subject}</code>
        </dd>
        {change !== '' && (
          <>
            <dt>Change</dt>
            <dd>{change}</dd>
          </>
        )}
        {record.reason !== undefined && (
          <>
            <dt>Reason</dt>
            <dd>
              {record.reason.code ?? 'no code'}
              {record.reason.comment !== null && `: ${record.reason.comment}`}
            </dd>
          </>
        )}
        {record.meaning !== undefined && (
          <>
            <dt>Meaning</dt>
            <dd>{meanings[record.meaning]}</dd>
          </>
        )}
        {record.command !== undefined && (
          <>
            <dt>Command</dt>
            <dd>
              <code>{record.command}</code>
            </dd>
          </>
        )}
        {Object.entries(record.detail ?? {}).map(([name, value]) => (
          <Fact key={name} name={name} value={value} />
        ))}
      </dl>
      {record.signature !== undefined && (
        <>
          <strong>Signed statement</strong>
          {signature !== null && typeof signature.payload === 'object' && signature.payload !== null && (
            <dl className="cs-facts">
              {Object.entries(signature.payload).map(([name, value]) => (
                <Fact key={name} name={name} value={value} />
              ))}
            </dl>
          )}
          <p className="cs-jws">{record.signature.jws}</p>
          {record.signature.assertion !== undefined && <PasskeyUse assertion={record.signature.assertion} />}
        </>
      )}
      {onNarrow !== undefined && (
        <div className="cs-filters">
          <Button size="sm" variant="default" onClick={() => onNarrow({ tag: record.subject })}>
            Only this subject
          </Button>
          {record.actor !== null && (
            <Button size="sm" variant="default" onClick={() => onNarrow({ actor: record.actor?.id ?? '' })}>
              Only this person
            </Button>
          )}
          {record.terminal !== null && (
            <Button size="sm" variant="default" onClick={() => onNarrow({ terminal: record.terminal?.id ?? '' })}>
              Only this terminal
            </Button>
          )}
        </div>
      )}
    </div>
  );
}

/** SIG-7, SIG-8: the second component of the signature, as the authenticator answered. */
function PasskeyUse({ assertion }: { readonly assertion: Assertion }) {
  const words = assertionWords(assertion);
  return (
    <section aria-label="Passkey used">
      <strong>Signed with a passkey as well</strong>
      {words === null ? (
        <p>Its answer cannot be read.</p>
      ) : (
        <dl className="cs-facts">
          <Fact name="credential" value={words.credential} />
          <Fact name="somebody touched it" value={words.present ? 'yes' : 'no'} />
          <Fact name="it checked who (PIN, fingerprint, face)" value={words.verified ? 'yes' : 'no'} />
          <Fact name="uses that it counts" value={words.uses === 0 ? 'not counted' : words.uses} />
        </dl>
      )}
    </section>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: unknown }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{jsonText(value)}</dd>
    </>
  );
}
