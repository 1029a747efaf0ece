// Says on every page that this is a demo (OPS-8). Shown by the sign-in page and the frame where the plant is one.
export function DemoBanner() {
  return (
    <aside className="cs-demo" aria-label="Demonstration">
      <strong>Demonstration.</strong> Simulated plant, published passwords, no real equipment.
    </aside>
  );
}
