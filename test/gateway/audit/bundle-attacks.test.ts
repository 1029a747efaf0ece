// A bundle that somebody bent, broke or made up (AUD-5): verification never says good, names what is wrong in one line, and
// stays within its bounds; in threads it says the same as in one. Pure, without a database.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BlockReaders, blockReader } from '../../../gateway/audit/bundle-block.ts';
import { type TrustedKeys, trustNobody } from '../../../gateway/audit/bundle-trust.ts';
import { type BundleVerification, verifyBundle } from '../../../gateway/audit/verify-bundle.ts';
import { openBundleReaders } from '../../../gateway/audit/worker-bundle-readers.ts';
import { trustOf } from '../../../gateway/cli/audit-trust.ts';
import { gapFrom, gapTo, inPieces, pinnedAt, signer, size, smallBundle, trust } from './small-bundle.ts';

const verify = (file: string | Uint8Array, by: TrustedKeys = trust, readers?: BlockReaders) =>
  verifyBundle(inPieces(file), by, readers);
const isGood = ({ bad, vouched }: BundleVerification): boolean =>
  bad === null && vouched.byLog && vouched.byWitnesses.some((word) => word.size === size);

const whole = smallBundle();
const bytes = Buffer.from(whole);
/** Of a record in the file, its line with the newline. */
const lineOf = (seq: number, text = whole): string =>
  text.split(/(?<=\n)/).find((line) => line.startsWith('{"actor":') && line.includes(`"seq":${seq},`)) ?? '';
const bentLine = (seq: number, bend: (line: string) => string): string =>
  whole.replace(lineOf(seq), () => bend(lineOf(seq)));

/**
 * Bytes that no key vouches for, by the format: what the beginning says of itself but for origin and size, and signature lines
 * of witnesses that are not trusted, or that a later cosignature of the same witness stands above.
 */
function unvouched(): readonly (readonly [number, number])[] {
  const spans: [number, number][] = [];
  for (const part of [/"madeAt":"[^"]*"/, /"selection":\{[^}]*\}/]) {
    const found = part.exec(whole);
    if (found !== null) spans.push([found.index, found.index + found[0].length]);
  }
  for (const [index, name] of ['— witness.example', '— stranger.example'].entries()) {
    const checkpoint = index === 0 ? whole.indexOf('{"checkpoint":') : whole.lastIndexOf('{"checkpoint":');
    const from = Buffer.byteLength(whole.slice(0, whole.indexOf(name, checkpoint)));
    spans.push([
      from,
      from + Buffer.byteLength(whole.slice(whole.indexOf(name, checkpoint), whole.indexOf('"}', checkpoint))),
    ]);
  }
  return spans;
}

describe('bundles under attack', () => {
  it('AUD-5: any byte changed, removed or put in twice: never good, but where nobody vouches for it by the format', async () => {
    expect(isGood(await verify(bytes))).toBe(true);
    const spans = unvouched();
    expect(spans).toHaveLength(4);
    const place = fc.nat(bytes.length - 1);
    const change = fc.constantFrom('flip', 'remove', 'repeat');
    await fc.assert(
      fc.asyncProperty(place, fc.integer({ min: 1, max: 255 }), change, async (at, mask, how) => {
        fc.pre(!spans.some(([from, to]) => at >= from && at < to));
        const byte = bytes[at] ?? 0;
        const put = { flip: [byte ^ mask], remove: [], repeat: [byte, byte] }[how];
        const bent = Buffer.concat([bytes.subarray(0, at), Buffer.from(put), bytes.subarray(at + 1)]);
        expect(isGood(await verify(bent)), `${how} at ${at}`).toBe(false);
      }),
      { numRuns: 400 },
    );
  });

  it('AUD-5: the file cut off anywhere is not good', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), async (length) => {
        expect(isGood(await verify(bytes.subarray(0, length)))).toBe(false);
      }),
      { numRuns: 60 },
    );
  });

  const inTurn = (seq: number, other: number): string => {
    const lines = whole.split(/(?<=\n)/);
    const [one, two] = [lines.indexOf(lineOf(seq)), lines.indexOf(lineOf(other))];
    [lines[one], lines[two]] = [lineOf(other), lineOf(seq)];
    return lines.join('');
  };
  const longLine = `${'x'.repeat(2 ** 21)}\n`;
  const firstLine = /^.*\n/;
  const bent: readonly (readonly [string, string | Uint8Array, RegExp])[] = [
    ['empty', '', /the file is empty/],
    ['a newline alone', '\n', /line 1 of the file is no line of a bundle/],
    ['a ZIP file', Buffer.from('504b0304140000000800', 'hex'), /cut off within a line/],
    ['a gzip stream with a newline', Buffer.from('1f8b08000000000000030a', 'hex'), /line 1 of the file is no line/],
    ['a byte order mark', `\uFEFF${whole}`, /line 1 of the file is no line of a bundle/],
    ['CRLF', whole.replaceAll('\n', '\r\n'), /line 1 of the file is no line of a bundle/],
    ['CRLF behind the first line', whole.replaceAll('\n', '\r\n').replace('\r', ''), /canonical JSON of a record/],
    ['a blank line', whole.replace(firstLine, (line) => `${line}\n`), /line 2 of the file is no line/],
    ['a line longer than any', whole.replace(firstLine, (line) => line + longLine), /longer than any record/],
    ['a line that never ends', `${whole}${'x'.repeat(2 ** 21)}`, /longer than any record/],
    ['the beginning twice', whole.replace(firstLine, (line) => line + line), /second beginning/],
    ['no beginning', whole.replace(firstLine, ''), /line 1 of the file is no line of a bundle/],
    ['a beginning with one member more', whole.replace('"size":', '"sign":1,"size":'), /line 1 of the file is no line/],
    ['a beginning of another format', whole.replace('bundle/1', 'bundle/2'), /line 1 of the file is no line/],
    ['a beginning of another log', whole.replace('"origin":"log.', '"origin":"leg.'), /names the log leg\.example/],
    ['records in another order', inTurn(2, 4), /missing: it was removed/],
    ['a record twice', bentLine(3, (line) => line + line), /a second row with the number 3/],
    ['a record of invalid UTF-8', Buffer.from(whole, 'latin1'), /canonical JSON of a record/],
    ['white space in a record', bentLine(3, (line) => line.replace(':', ': ')), /canonical JSON of a record|no line/],
    ['a gap to nowhere', whole.replace(`"to":${gapTo}`, '"to":9007199254740991'), /does not cover the records/],
    ['a gap that goes back', whole.replace(`"to":${gapTo}`, '"to":1'), /does not cover the records/],
    ['a gap in another spelling', whole.replace(/=\],?"?,"to"|="\],"to"/, '\\u003d"],"to"'), /no line of a bundle/],
    ['a line of hashes taken out', whole.replace(/\{"leaves".*\n/, ''), /hashes of the records up to 5 is missing/],
    ['a line of hashes of others', whole.replace('"from":0', '"from":1'), /does not hold the hashes/],
    ['a line that the format does not know', whole.replace(/(?=\{"gap")/, '{"note":"x"}\n'), /no line of a bundle/],
    ['a checkpoint of another size', whole.replace(`\\n${size}\\n`, `\\n${size + 1}\\n`), /does not stand/],
    [
      'a second line in the log’s name',
      whole.replace(/\\n— witness/, '\\n— log.example/plant AAAAAAAA\\n— witness'),
      /does not stand: .*the log did not write/,
    ],
    [
      'more signature lines than anybody has',
      whole.replace(/— stranger[^"]*/, '— a.example AAAAAAAA\\n'.repeat(101)),
      /more than 100 signature lines/,
    ],
    ['something behind the end', `${whole}{"checkpoint":"x"}\n`, /does not stand/],
  ];
  it.each(bent)('AUD-5: %s is one clear line of trouble', async (_, file, why) => {
    expect(file, 'the case must bend something').not.toBe(whole);
    const { bad } = await verify(file);
    expect(bad?.why).toMatch(why);
    expect(bad?.why).not.toContain('\n');
  });

  // Signed, hashes and all, so that nothing but the record itself is at fault: whoever has the log's key could write it.
  const deep = `${'['.repeat(50_000)}1${']'.repeat(50_000)}`;
  it.each([
    ['a member twice', (text: string) => text.replace('"seq":', '"seq":3,"seq":')],
    ['members out of order', (text: string) => text.replace(/^\{("actor":[^,]*),(.*)\}$/, '{$1,$2,"aaa":1}')],
    ['1e3', (text: string) => text.replace('"subject"', '"s":1e3,"subject"')],
    ['-0', (text: string) => text.replace('"subject"', '"s":-0,"subject"')],
    ['1.0', (text: string) => text.replace('"subject"', '"s":1.0,"subject"')],
    ['1e999', (text: string) => text.replace('"subject"', '"s":1e999,"subject"')],
    ['a needless escape', (text: string) => text.replace('"subject"', '"s":"\\u0041","subject"')],
    ['half a surrogate pair', (text: string) => text.replace('"subject"', '"s":"\\ud800","subject"')],
    ['arrays without end', (text: string) => text.replace('"subject"', `"s":${deep},"subject"`)],
    ['a number as text', (text: string) => text.replace('"seq":3', '"seq":"3"')],
  ])('AUD-5: a record with %s is none, even where the log’s key signed it', async (_, bend) => {
    const made = smallBundle((seq, text) => (seq === 3 ? bend(text) : text));
    expect(made).not.toHaveLength(whole.length);
    expect(await verify(made)).toMatchObject({ bad: { seq: 3, why: expect.stringContaining('canonical JSON') } });
  });

  it.each([
    ['without its microseconds', (text: string) => text.replace(/\.\d{6}Z"/, 'Z"')],
    ['at an hour that no day has', (text: string) => text.replace(/(?<day>"time":"[^T]*T)[^.]*/, '$<day>24:00:00')],
    ['in a minute that no hour has', (text: string) => text.replace(/("time":"[^T]*T\d\d):\d\d/, '$1:60')],
    ['of another zone', (text: string) => text.replace(/(\.\d{6})Z"/, '$1z"')],
    ['that is no text', (text: string) => text.replace(/"time":"[^"]*"/, '"time":1')],
  ])('AUD-2: a record with a time %s is none, even where the log’s key signed it', async (_, bend) => {
    const made = smallBundle((seq, text) => (seq === 3 ? bend(text) : text));
    expect(made).not.toBe(whole);
    expect(await verify(made)).toMatchObject({ bad: { seq: 3, why: 'its time is none' } });
  });

  it.each([
    ['no kind', (text: string) => text.replace(/"kind":"[^"]*",/, '')],
    ['a number as its kind', (text: string) => text.replace(/"kind":"[^"]*"/, '"kind":1')],
    ['no chain', (text: string) => text.replace(/"chain":\{[^}]*\},/, '')],
  ])('AUD-5: a record with %s does not stand, even where the log’s key signed it', async (_, bend) => {
    const made = smallBundle((seq, text) => (seq === 3 ? bend(text) : text));
    expect(made).not.toBe(whole);
    expect(await verify(made)).toMatchObject({ bad: { seq: 3 } });
  });

  it('AUD-5: a block of newlines is looked at up to the first line that is none', () => {
    const block = blockReader()(
      Buffer.concat([Buffer.from(firstLine.exec(whole)?.[0] ?? ''), Buffer.alloc(1000, '\n')]),
    );
    expect(block.ends).toHaveLength(2);
  });

  it('AUD-5: of two records that were altered the first is named, even where the second is none any more', async () => {
    const first = bentLine(12, (line) =>
      line.replace('"upstream"', '"upstreax"').replace('"log"', '"lox"').replace('10.1.2.3', '10.1.2.4'),
    );
    expect(lineOf(12, first)).not.toBe(lineOf(12));
    for (const both of [
      first.replace(lineOf(14), (line) => line.replace('"seq":14', '"seq":14.0')),
      first.replace(lineOf(14), ''),
    ])
      expect(await verify(both)).toMatchObject({
        bad: { seq: 12, why: expect.stringContaining('not what was recorded') },
      });
  });

  it('AUD-5: a record that gets a JSON tree of any other shape is trouble of the record, not of the verifier', async () => {
    const kinds = [
      'command.asked',
      'command.signed',
      'command.accepted',
      'passkey.used',
      'terminal.enrolled',
      'log.opened',
    ];
    const member = fc.constantFrom('actor', 'chain', 'detail', 'new', 'old', 'reason', 'signature', 'terminal');
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...kinds), member, fc.jsonValue({ maxDepth: 3 }), async (kind, name, value) => {
        const made = smallBundle((seq, text) => {
          if (seq !== 12) return text;
          const record = { ...(JSON.parse(text) as object), kind, [name]: value } as { [name: string]: unknown };
          return JSON.stringify(
            Object.fromEntries(
              Object.keys(record)
                .sort()
                .map((each) => [each, record[each]]),
            ),
          );
        });
        const found = await verify(made);
        // Where it does not stand, it is that record which is named.
        if (found.bad !== null) expect([12, 13, pinnedAt, 22, size]).toContain(found.bad.seq);
      }),
      { numRuns: 150 },
    );
  });

  it('AUD-5: in threads of their own the readers find what one thread finds', async () => {
    const readers = openBundleReaders(2);
    try {
      // Until a thread is there, blocks are read here: a promise shows that one is.
      await expect.poll(() => readers.read(new Uint8Array(bytes)) instanceof Promise, { timeout: 50_000 }).toBe(true);
      const files: (string | Uint8Array)[] = [
        bytes,
        bentLine(12, (line) => line.replace('1', '2')),
        whole.slice(0, -50),
      ];
      for (const file of [...files, ...bent.map(([, each]) => each)])
        expect(await verify(file, trust, readers)).toEqual(await verify(file));
    } finally {
      await readers.close();
    }
    await expect((async () => readers.read(new Uint8Array(bytes)))()).resolves.toBeDefined();
  });

  it('AUD-5: a key that is none is refused before the file is looked at', async () => {
    const asked = (key: string | undefined, more: object = {}) =>
      trustOf('/nonexistent', {
        key,
        witness: [],
        quorum: undefined,
        pinned: undefined,
        checkpoint: undefined,
        ...more,
      });
    const here = import.meta.filename;
    for (const wrong of ['', 'x', `${signer.name}+00000000+AAAA`, here, '/dev/null', '/nonexistent/key', '/'])
      await expect(asked(wrong), wrong).rejects.toThrow(/--key|cannot be read|does not hold a key/);
    await expect(asked(undefined, { witness: [here] })).rejects.toThrow(/--witness is neither/);
    await expect(asked(undefined, { pinned: here })).rejects.toThrow(/line 1: write 'log KEY'/);
    expect((await asked(undefined)).log).toBeNull();
  });

  it('AUD-5: without keys a good bundle is consistent in itself only, and a bent one is not even that', async () => {
    expect(await verify(whole, trustNobody)).toMatchObject({
      bad: null,
      vouched: { byLog: false },
      gaps: 1,
      leftOut: gapTo - gapFrom,
    });
    expect(
      (
        await verify(
          bentLine(12, (line) => line.replace('1', '2')),
          trustNobody,
        )
      ).bad,
    ).not.toBeNull();
  });
});
