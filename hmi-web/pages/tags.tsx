// All tags that the session may see, live: search, area, order, and a way to change what is writable. Loaded when opened.
import { Button, NativeSelect, Switch, TextInput } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { use, useDeferredValue, useMemo, useState } from 'react';
import type { TagView } from '../../gateway/contract/tag.ts';
import { LoadingPage } from '../components/loading-page.tsx';
import { ChangeContext, useGateway, useLink, useReading } from '../gateway-context.ts';
import { chooseTags, type SortKey, type TagChoice } from '../model/tag-list.ts';
import { noValue } from '../model/values.ts';
import { areasQuery, tagsQuery } from '../queries.ts';
import '../styles/pages.css';

const columns: readonly { readonly key: SortKey; readonly label: string }[] = [
  { key: 'id', label: 'Tag' },
  { key: 'description', label: 'Description' },
  { key: 'area', label: 'Area' },
];

export function TagsPage() {
  const gateway = useGateway();
  const tags = useQuery(tagsQuery(gateway));
  const areas = useQuery(areasQuery(gateway));
  const [choice, setChoice] = useState<TagChoice>({
    search: '',
    area: '',
    writableOnly: false,
    sort: 'id',
    descending: false,
  });
  const deferred = useDeferredValue(choice);
  const shown = useMemo(
    () => chooseTags(tags.data ?? [], areas.data ?? [], deferred),
    [tags.data, areas.data, deferred],
  );
  if (tags.data === undefined || areas.data === undefined) return <LoadingPage error={tags.error ?? areas.error} />;
  const areaNames = new Map(areas.data.map((area) => [area.id, area.name]));

  return (
    <section className="cs-page">
      <div className="cs-page-head">
        <h1>
          Tags{' '}
          <small className="cs-muted">
            {shown.length === tags.data.length ? shown.length : `${shown.length} of ${tags.data.length}`}
          </small>
        </h1>
        <Switch
          label="Setpoints only"
          checked={choice.writableOnly}
          onChange={(event) => setChoice({ ...choice, writableOnly: event.currentTarget.checked })}
          style={{ alignSelf: 'center' }}
        />
        <NativeSelect
          aria-label="Area"
          value={choice.area}
          onChange={(event) => setChoice({ ...choice, area: event.currentTarget.value })}
          data={[
            { value: '', label: 'All areas' },
            ...areas.data.map((area) => ({ value: area.id, label: area.name })),
          ]}
        />
        <TextInput
          aria-label="Search tags"
          placeholder="Search name or description"
          leftSection={<IconSearch size={18} aria-hidden="true" />}
          value={choice.search}
          onChange={(event) => setChoice({ ...choice, search: event.currentTarget.value })}
          style={{ width: 280 }}
        />
      </div>
      <div className="cs-table-frame">
        <table className="cs-table">
          <thead>
            <tr>
              {columns.map(({ key, label }) => (
                <th key={key} aria-sort={choice.sort !== key ? 'none' : choice.descending ? 'descending' : 'ascending'}>
                  <button
                    type="button"
                    onClick={() =>
                      setChoice({ ...choice, sort: key, descending: choice.sort === key && !choice.descending })
                    }
                  >
                    {label}
                    {choice.sort === key &&
                      (choice.descending ? (
                        <IconArrowDown size={15} aria-hidden="true" />
                      ) : (
                        <IconArrowUp size={15} aria-hidden="true" />
                      ))}
                  </button>
                </th>
              ))}
              <th className="cs-right">
                <span>Value</span>
              </th>
              <th className="cs-unit-cell">
                <span>Unit</span>
              </th>
              <th>
                <span>Quality</span>
              </th>
              <th className="cs-right">
                <span title="Since the source gave this value; steady: good, and unchanged since then">Age</span>
              </th>
              <th>
                <span className="cs-visually-hidden">Change</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((tag) => (
              <TagRow key={tag.id} tag={tag} area={areaNames.get(tag.area) ?? tag.area} />
            ))}
          </tbody>
        </table>
        {shown.length === 0 && <p className="cs-page cs-muted">No tag matches this search.</p>}
      </div>
    </section>
  );
}

function TagRow({ tag, area }: { readonly tag: TagView; readonly area: string }) {
  const reading = useReading(tag);
  const link = useLink();
  const change = use(ChangeContext);
  return (
    <tr data-mark={reading.mark}>
      <td>
        <code>{tag.id}</code>
      </td>
      <td>{tag.description}</td>
      <td>{area}</td>
      <td className="cs-right cs-figure-cell">{reading.text}</td>
      <td className="cs-unit-cell">{reading.text === noValue ? '' : tag.unit}</td>
      <td>
        <span className="cs-quality" data-mark={reading.mark}>
          {reading.mark === 'ok' ? 'Good' : `? ${reading.word}`}
        </span>
      </td>
      <td className="cs-right" style={{ whiteSpace: 'nowrap' }}>
        {reading.age}
      </td>
      <td className="cs-right">
        {tag.setpoint !== null && (
          <Button
            size="sm"
            variant="default"
            disabled={link.kind !== 'live'}
            title={tag.setpoint.refusal ?? undefined}
            aria-label={`Change ${tag.id}`}
            onClick={() => change(tag.id)}
          >
            Change
          </Button>
        )}
      </td>
    </tr>
  );
}
