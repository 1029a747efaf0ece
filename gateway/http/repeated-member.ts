// Finds a member that stands twice in one object of a JSON text. JSON.parse would silently take the last one, and a log
// or proxy on the way the first: then two readers of one request see two values (RFC 7493, 2.3). Called by json-body.ts.

/** Strings and the characters that give JSON its shape; numbers and words need no look. */
const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],]/g;

/** Name of the first such member, or null. `text` must be well-formed JSON; depth is no matter, time is linear. */
export function repeatedMember(text: string): string | null {
  // One set of names for each open object, null for each open array.
  const open: (Set<string> | null)[] = [];
  let nameExpected = false;
  for (const [token] of text.matchAll(tokens)) {
    const names = open.at(-1) ?? null;
    if (token === '{' || token === '[') {
      open.push(token === '{' ? new Set() : null);
      nameExpected = token === '{';
    } else if (token === '}' || token === ']') {
      open.pop();
      nameExpected = false;
    } else if (token === ',') {
      nameExpected = names !== null;
    } else if (names !== null && nameExpected) {
      const name = String(JSON.parse(token));
      if (names.has(name)) return name;
      names.add(name);
      nameExpected = false;
    }
  }
  return null;
}
