// Which views of the audit trail somebody has opened, so that turning a page or following the tail of one is no view of its
// own (AUD-1), and reading on without having opened it is. Used by routes/audit.ts. Bounded; what is forgotten is recorded anew.
const mostViews = 5_000;

export type OpenedViews = {
  /** `viewer`: a session or a machine; `filter`: as asked for. */
  readonly note: (viewer: string, filter: object) => void;
  readonly has: (viewer: string, filter: object) => boolean;
};

export function createOpenedViews(): OpenedViews {
  const views = new Set<string>();
  const nameOf = (viewer: string, filter: object): string =>
    JSON.stringify([
      viewer,
      Object.entries(filter)
        .filter(([, value]) => value !== undefined)
        .sort(),
    ]);
  return {
    note: (viewer, filter) => {
      const name = nameOf(viewer, filter);
      views.delete(name);
      views.add(name);
      const [oldest] = views;
      if (views.size > mostViews && oldest !== undefined) views.delete(oldest);
    },
    has: (viewer, filter) => views.has(nameOf(viewer, filter)),
  };
}
