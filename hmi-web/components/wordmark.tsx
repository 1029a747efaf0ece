// The product's name with its mark: a signature over a line. Shown on the sign-in page and in the header.
export function Wordmark({ compact = false }: { readonly compact?: boolean }) {
  return (
    <span className="cs-wordmark">
      <svg viewBox="0 0 32 32" width="30" height="30" aria-hidden="true">
        <rect width="32" height="32" rx="7" className="cs-mark-ground" />
        <path d="M7 19c3.200 0 3.600-9 6.600-9s1.800 9 4.600 9 2.300-5.500 6.800-5.500" className="cs-mark-stroke" />
        <path d="M7 25h18" className="cs-mark-line" />
      </svg>
      {!compact && <span>Countersign</span>}
    </span>
  );
}
