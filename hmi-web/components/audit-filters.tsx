// The filters of the audit trail as a form (AUD-6). Values in; out come each change and the wish to see. Used by pages/audit.tsx.
import { Button, NativeSelect, TextInput } from '@mantine/core';
import type { FormEvent, ReactNode } from 'react';
import type { AreaView } from '../../gateway/contract/tag.ts';
import { type AuditFilter, isUnfiltered, noFilter } from '../model/audit-words.ts';
import { outcomes, recordKinds, risks } from '../texts/en.ts';

export function AuditFilters(props: {
  readonly draft: AuditFilter;
  /** What is shown now. */
  readonly shown: AuditFilter;
  readonly timeZone: string;
  readonly areas: readonly AreaView[];
  readonly unreadable: readonly ('from' | 'to')[];
  readonly busy: boolean;
  readonly onChange: (part: Partial<AuditFilter>) => void;
  readonly onShow: () => void;
  readonly onNarrow: (part: Partial<AuditFilter>) => void;
  /** What else belongs beside the filters. */
  readonly children?: ReactNode;
}) {
  const { draft, shown, timeZone, unreadable, onChange } = props;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (unreadable.length === 0) props.onShow();
  };
  const select = (field: 'kind' | 'outcome' | 'risk' | 'area', label: string, width: number, data: Option[]) => (
    <NativeSelect
      label={label}
      value={draft[field]}
      onChange={(event) => onChange({ [field]: event.currentTarget.value })}
      data={data}
      style={{ width }}
    />
  );
  const text = (field: 'actor' | 'tag' | 'terminal' | 'text', label: string, width: number, placeholder?: string) => (
    <TextInput
      label={label}
      placeholder={placeholder ?? ''}
      spellCheck={false}
      value={draft[field]}
      onChange={(event) => onChange({ [field]: event.currentTarget.value })}
      style={{ width }}
    />
  );
  return (
    <form className="cs-filters" onSubmit={submit} aria-label="Filter">
      {(['from', 'to'] as const).map((field) => (
        <TextInput
          key={field}
          w={168}
          label={field === 'from' ? `From (${timeZone})` : 'To'}
          placeholder="2026-01-31 14:00"
          spellCheck={false}
          value={draft[field]}
          error={unreadable.includes(field) ? 'YYYY-MM-DD hh:mm' : undefined}
          onChange={(event) => onChange({ [field]: event.currentTarget.value })}
        />
      ))}
      {select('kind', 'Kind', 170, [
        { value: '', label: 'All kinds' },
        ...Object.entries(recordKinds).map(([value, label]) => ({ value, label: `${label} (${value})` })),
      ])}
      {select('outcome', 'Outcome', 124, withAny(outcomes))}
      {select('risk', 'Risk', 96, withAny(risks))}
      {select('area', 'Area', 124, [
        { value: '', label: 'Any' },
        ...props.areas.map((area) => ({ value: area.id, label: area.name })),
      ])}
      {text('actor', 'Person', 116, 'user name')}
      {text('tag', 'Tag or subject', 140)}
      {text('terminal', 'Terminal', 124, 'identification')}
      {text('text', 'Words in comments', 176, 'deviation 4711')}
      <Button type="submit" loading={props.busy} style={{ minWidth: 90 }}>
        Show
      </Button>
      {!isUnfiltered(shown) && (
        <Button variant="default" onClick={() => props.onNarrow(noFilter)} style={{ minWidth: 90 }}>
          Clear
        </Button>
      )}
      {shown.kind !== 'setpoint.unattributed' && (
        <Button variant="default" onClick={() => props.onNarrow({ ...noFilter, kind: 'setpoint.unattributed' })}>
          Changed outside Countersign
        </Button>
      )}
      {props.children}
    </form>
  );
}

type Option = { readonly value: string; readonly label: string };

function withAny(words: Readonly<Record<string, string>>): Option[] {
  return [{ value: '', label: 'Any' }, ...Object.entries(words).map(([value, label]) => ({ value, label }))];
}
