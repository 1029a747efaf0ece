// Unmistakable sign that this page no longer hears the gateway: what is shown is old, and nothing can be changed (LIV-3).
import { IconAlertTriangleFilled } from '@tabler/icons-react';
import { clockTime } from '../model/times.ts';

export function LostBanner({ sinceMs, timeZone }: { readonly sinceMs: number; readonly timeZone: string }) {
  return (
    <div className="cs-lost" role="alert">
      <IconAlertTriangleFilled size={24} aria-hidden="true" />
      <strong>Connection to the gateway lost.</strong>
      <span>
        All values are stale since {clockTime(sinceMs, timeZone)}; the plant may have moved on. Nothing can be changed
        from here until the connection is back. Trying again.
      </span>
    </div>
  );
}
