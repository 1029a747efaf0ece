// RFC 8785 (JCS) canonical JSON: the bytes that are hashed and signed, in the gateway, the browser and offline verifiers.
// Refuses what JCS cannot carry instead of altering it: NaN, infinities, undefined, functions, bigint, lone surrogates.

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json | undefined };

/**
 * Canonical text of a JSON value (RFC 8785 §3.2): members sorted by UTF-16 code units, no white space,
 * numbers and strings as ECMAScript writes them. Members that are `undefined` are left out, as JSON.stringify does.
 * Throws TypeError for a value that JSON cannot hold.
 */
export function canonicalJson(value: Json): string {
  switch (typeof value) {
    case 'boolean':
      return value ? 'true' : 'false';
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError('canonical JSON holds finite numbers only');
      return JSON.stringify(value);
    case 'string':
      if (!value.isWellFormed()) throw new TypeError('canonical JSON holds well-formed Unicode only');
      return JSON.stringify(value);
    case 'object': {
      if (value === null) return 'null';
      if (isArray(value)) return `[${value.map((item) => canonicalJson(item)).join(',')}]`;
      const members: string[] = [];
      for (const name of Object.keys(value).sort()) {
        const member = value[name];
        if (member !== undefined) members.push(`${canonicalJson(name)}:${canonicalJson(member)}`);
      }
      return `{${members.join(',')}}`;
    }
    default:
      throw new TypeError(`canonical JSON holds no ${typeof value}`);
  }
}

/** UTF-8 bytes of canonicalJson. */
export function canonicalBytes(value: Json): Uint8Array {
  return new TextEncoder().encode(canonicalJson(value));
}

function isArray(value: readonly Json[] | object): value is readonly Json[] {
  return Array.isArray(value);
}
