// RFC 8785 (JCS) canonical JSON: the bytes that are hashed and signed, in the gateway, the browser and offline verifiers.
// Refuses what JCS cannot carry instead of altering it: NaN, infinities, undefined, functions, bigint, lone surrogates.

/** Printable ASCII without quote and backslash: stands in JSON as it is. Most texts are, and are recognised quicker than written. */
const plain = /^[ !#-[\]-~]*$/;

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
      return canonicalText(value);
    case 'object': {
      if (value === null) return 'null';
      if (isArray(value)) return `[${value.map((item) => canonicalJson(item)).join(',')}]`;
      let members = '';
      for (const name of Object.keys(value).sort()) {
        const member = value[name];
        if (member === undefined) continue;
        members += `${members === '' ? '' : ','}${canonicalText(name)}:${canonicalJson(member)}`;
      }
      return `{${members}}`;
    }
    default:
      throw new TypeError(`canonical JSON holds no ${typeof value}`);
  }
}

function canonicalText(text: string): string {
  if (plain.test(text)) return `"${text}"`;
  if (!text.isWellFormed()) throw new TypeError('canonical JSON holds well-formed Unicode only');
  return JSON.stringify(text);
}

/** UTF-8 bytes of canonicalJson. */
export function canonicalBytes(value: Json): Uint8Array {
  return new TextEncoder().encode(canonicalJson(value));
}

function isArray(value: readonly Json[] | object): value is readonly Json[] {
  return Array.isArray(value);
}
