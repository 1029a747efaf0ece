// The way from a wish for a file to its download (AUD-6): format, the one-time link that the browser follows, progress, cancel.
// Part of the audit page. The gateway records the export when the link is used.
import { Button, Popover } from '@mantine/core';
import { IconChevronDown, IconDownload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { ExportFormat, ExportView } from '../../gateway/contract/audit-filter.ts';
import { useGateway } from '../gateway-context.ts';
import { type Explanation, explainError } from '../model/refusal-words.ts';
import { exportFormatWords } from '../texts/en.ts';

/** The way that an export goes: its state for the progress line, and how to begin or stop one. */
export function useAuditExport(onRefusal: (refusal: Explanation | null) => void) {
  const gateway = useGateway();
  const [started, setStarted] = useState<ExportView | null>(null);
  const followed = useQuery({
    queryKey: ['audit-export', started?.id],
    queryFn: () => gateway.api.exportState(started?.id ?? ''),
    enabled: started !== null,
    refetchInterval: ({ state: { data } }) =>
      data === undefined || data.state === 'ready' || data.state === 'running' ? 700 : false,
    gcTime: 0,
  });
  const begin = async (format: ExportFormat, filter: Readonly<Record<string, string>>) => {
    onRefusal(null);
    try {
      const view = await gateway.api.prepareExport(format, filter);
      setStarted(view);
      // A plain link of this page's own origin: the browser sends the session's cookie and saves what comes, however large.
      const link = document.createElement('a');
      link.href = view.link ?? '';
      link.download = '';
      link.click();
    } catch (error) {
      onRefusal(explainError(error));
    }
  };
  const cancel = async () => {
    if (started === null) return;
    try {
      await gateway.api.cancelExport(started.id);
      await followed.refetch();
    } catch (error) {
      onRefusal(explainError(error));
    }
  };
  const view = started === null ? null : (followed.data ?? started);
  return { begin, view, cancel: () => void cancel(), close: () => setStarted(null) };
}

export function ExportMenu(props: { readonly onChoose: (format: ExportFormat) => void }) {
  const [opened, setOpened] = useState(false);
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" width={360} trapFocus returnFocus>
      <Popover.Target>
        <Button
          variant="default"
          leftSection={<IconDownload size={18} aria-hidden="true" />}
          rightSection={<IconChevronDown size={16} aria-hidden="true" />}
          aria-expanded={opened}
          onClick={() => setOpened(!opened)}
        >
          Export
        </Button>
      </Popover.Target>
      <Popover.Dropdown className="cs-export-menu">
        {Object.entries(exportFormatWords).map(([format, { label, meaning }]) => (
          <button
            key={format}
            type="button"
            onClick={() => {
              setOpened(false);
              props.onChoose(format as ExportFormat);
            }}
          >
            <strong>{label}</strong>
            <small>{meaning}</small>
          </button>
        ))}
      </Popover.Dropdown>
    </Popover>
  );
}
