// How far an export is, with the way to stop it (AUD-6). Values in, the wish to cancel out. Used by pages/audit-export.tsx.
import { Button, Progress } from '@mantine/core';
import type { ExportView } from '../../gateway/contract/audit-filter.ts';
import { exportStateWords } from '../texts/en.ts';

export function ExportProgress(props: {
  readonly view: ExportView;
  readonly onCancel: () => void;
  readonly onClose: () => void;
}) {
  const { view } = props;
  const underWay = view.state === 'ready' || view.state === 'running';
  const { label, meaning } = exportStateWords[view.state];
  const share = view.state === 'done' ? 100 : view.count === 0 ? 0 : (100 * view.written) / view.count;
  const figures =
    view.format === 'bundle'
      ? megabytes(view.bytes)
      : `${view.written.toLocaleString('en')} of ${view.count.toLocaleString('en')} records, ${megabytes(view.bytes)}`;
  return (
    <output className="cs-card cs-export" data-state={view.state}>
      <div>
        <strong>
          {view.format === 'jsonl' ? 'JSON Lines' : view.format.toUpperCase()}: {label}
        </strong>
        <span className="cs-muted">{view.state === 'ready' || view.state === 'expired' ? meaning : figures}</span>
        {view.state !== 'ready' && view.state !== 'expired' && meaning !== '' && <span>{meaning}</span>}
      </div>
      {underWay && <Progress value={share} aria-label="Progress of the export" color="dark" />}
      <Button size="sm" variant="default" onClick={underWay ? props.onCancel : props.onClose}>
        {underWay ? 'Cancel' : 'Close'}
      </Button>
    </output>
  );
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
