// Bundles of a whole gateway's log (AUD-5): exported over HTTP and by the command line, verified with nothing but the file
// and the keys; what is bent in the file is found, and the record named.
import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TrustedKeys, trustNobody } from '../../gateway/audit/bundle-trust.ts';
import { readCheckpoint } from '../../gateway/audit/checkpoint.ts';
import { cosign, cosigner, formatWitnessKey, witnessKeyOf } from '../../gateway/audit/cosignature.ts';
import { formatVkey, noteSigner, noteVerifier, parseVkey, signNote } from '../../gateway/audit/signed-note.ts';
import { type BundleVerification, verifyBundle } from '../../gateway/audit/verify-bundle.ts';
import { type ApiClient, codeOf } from '../support/api-client.ts';
import { startTestGateway, type TestGateway } from '../support/gateway.ts';
import { until } from '../support/until.ts';

const program = fileURLToPath(new URL('../../bin/countersign.mjs', import.meta.url));
const password = 'countersign-demo';

async function countersign(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() };
}

async function* inPieces(text: string): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  // An odd size, so that lines lie across pieces.
  for (let from = 0; from < bytes.length; from += 7919) yield bytes.subarray(from, from + 7919);
}

describe('bundles', () => {
  let house: TestGateway;
  let operator: ApiClient;
  let qa: ApiClient;
  let trust: TrustedKeys;
  let vkey: string;
  let whole: string;
  let pump: string;

  const verify = (text: string, by: TrustedKeys = trust): Promise<BundleVerification> =>
    verifyBundle(inPieces(text), by);
  const download = async (query: string): Promise<string> => {
    const answer = await qa.get<string>(`/audit/export?${query}`);
    expect(answer.status).toBe(200);
    return answer.body;
  };
  /** Lines of the file; the last is empty, behind the last newline. */
  const lines = (text: string): string[] => text.split('\n');
  const seqOf = (line: string): number =>
    line.startsWith('{"actor":') ? (JSON.parse(line) as { seq: number }).seq : -1;
  const at = (text: string, seq: number): number => lines(text).findIndex((line) => seqOf(line) === seq);
  const withLine = (text: string, seq: number, change: (line: string) => string[]): string =>
    lines(text)
      .flatMap((line) => (seqOf(line) === seq ? change(line) : [line]))
      .join('\n');
  /** The first record of a kind. */
  const firstOf = (kind: string, text = whole): number =>
    lines(text)
      .filter((line) => line.includes(`"kind":"${kind}"`))
      .map(seqOf)
      .find((seq) => seq >= 0) ?? Number.NaN;

  beforeAll(async () => {
    house = await startTestGateway();
    operator = await house.person('operator');
    const supervisor = await house.person('supervisor');
    qa = await house.person('qa');
    vkey = (await readFile(join(house.dataFolder, 'keys', 'log.vkey'), 'utf8')).trim();
    const log = parseVkey(vkey);
    if (log === null) throw new Error('no key');
    trust = { ...trustNobody, log };
    expect((await operator.changeSetpoint('BR101.TIC.SP', 37.5, 'batch-step', 'operator', password)).status).toBe(200);
    const asked = await operator.ask('WFI.PUMP.CMD', false);
    pump = String(asked.body.id);
    for (const [client, name] of [
      [operator, 'operator'],
      [supervisor, 'supervisor'],
    ] as const) {
      const offered = await client.post<{
        statement: unknown;
        requires: { meanings: string[]; reasonCodes: { code: string }[] };
      }>(`/commands/${pump}/statements`, {});
      const { statement, requires } = offered.body;
      const signed = await client.signStatement(statement, {
        signer: name,
        meaning: requires.meanings[0] ?? '',
        reasonCode: requires.reasonCodes[0]?.code ?? null,
        comment: 'as agreed',
      });
      const answer = await client.post(`/commands/${pump}/signatures`, { statement: signed, username: name, password });
      expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    }
    await until(
      async () => (await operator.get<{ state: string }>(`/commands/${pump}`)).body.state === 'confirmed',
      'the pump',
    );
    whole = await download('format=bundle');
  });
  afterAll(() => house?.stop());

  it('AUD-5: the whole log verifies by its key, and says what was checked and what is the gateway’s word', async () => {
    const found = await verify(whole);
    expect(found.bad).toBeNull();
    const signatures = lines(whole).filter((line) => line.includes('"signature":{')).length;
    expect(found).toMatchObject({ leftOut: 0, gaps: 0, vouched: { byLog: true, byWitnesses: [] } });
    expect(found.counts).toEqual({ signatures, countersignatures: 1, assertions: 0 });
    expect(found.records).toBe(found.size);
    expect((await house.records()).filter(({ kind }) => kind === 'audit.exported')).toHaveLength(1);
    expect(codeOf(await operator.get('/audit/export?format=bundle'))).toBe('right-missing');
  });

  it('AUD-5: a part of the log carries what it stands on, and claims nothing across gaps', async () => {
    const part = await download(`format=bundle&command=${pump}`);
    const found = await verify(part);
    expect(found.bad).toBeNull();
    expect(found.gaps).toBeGreaterThan(0);
    expect(found.records + found.leftOut).toBe(found.size);
    expect(found.counts.countersignatures).toBe(1);
    // Both persons' certifications, which the filter did not ask for.
    expect(found.counts.signatures).toBe(4);
    expect(part.length).toBeLessThan(whole.length);
    const lone = await verify(await download('format=bundle&kind=gateway.started'));
    expect(lone).toMatchObject({ bad: null, counts: { signatures: 0 } });
    // Without the record of the terminal's key the signature cannot be judged, so it is not good.
    const [from, to] = [at(part, firstOf('terminal.enrolled', part)), part];
    const cut = lines(to).filter((_, index) => index !== from);
    expect((await verify(cut.join('\n'))).bad).not.toBeNull();
  });

  it('AUD-5, AUD-1: the command line exports, recorded by the gateway, and verifies without a gateway; exit codes and words for each trust', async () => {
    const run = { databaseUrl: house.database.gatewayUrl, http: house.origin };
    const exported = await countersign(
      ...['audit', 'export', '--format', 'bundle', '--database', run.databaseUrl, '--data', house.dataFolder],
    );
    expect([exported.code, exported.err]).toEqual([0, '']);
    const file = join(house.dataFolder, 'whole.bundle');
    await writeFile(file, exported.out);
    const recorded = await until(
      async () => (await house.records()).find(({ kind, actor }) => kind === 'audit.exported' && actor === null),
      'the gateway to record what was exported at the command line',
    );
    expect(recorded).toMatchObject({ detail: { through: 'command line', file: null, format: 'bundle', filter: {} } });
    const check = (...more: string[]) => countersign('audit', 'verify', file, '--data', '/nonexistent', ...more);
    const good = await check('--key', vkey);
    expect(good.code).toBe(0);
    expect(good.out).toContain('Good: ');
    expect(good.out).toContain('1 links of countersignatures');
    expect(good.out).toContain('rest on a password that only the gateway checked');
    const alone = await check();
    expect(alone.code).toBe(1);
    expect(alone.out).toContain('Consistent in itself only');
    const stranger = formatVkey(
      noteVerifier(noteSigner('other.example/log', generateKeyPairSync('ed25519').privateKey)),
    );
    expect((await check('--key', stranger, '--json')).code).toBe(1);
    const pinned = join(house.dataFolder, 'pinned');
    await writeFile(pinned, `# the log\nlog ${vkey}\n`);
    const json = await check('--pinned', pinned, '--json');
    expect([json.code, JSON.parse(json.out)]).toMatchObject([
      0,
      { result: 'good', signedByKey: true, notRevoked: true },
    ]);
    const changed = withLine(exported.out, firstOf('command.accepted'), (line) => [line.replace('37.5', '38.5')]);
    await writeFile(file, changed);
    const bad = await check('--key', vkey);
    expect(bad.code).toBe(1);
    expect(bad.out).toMatch(/^WRONG: record \d+: /);
    for (const wrong of [
      ['--quorum', '1'],
      ['--witness', vkey],
    ])
      expect((await check(...wrong)).code, wrong.join(' ')).toBe(2);
  });

  it('AUD-5: one bit flipped anywhere in a record is found, and the record named', async () => {
    const seqs = [0, firstOf('command.signed'), firstOf('account.created'), firstOf('command.confirmed')];
    for (const seq of seqs) {
      const line = lines(whole)[at(whole, seq)] ?? '';
      const spots = [12, Math.floor(line.length / 3), Math.floor(line.length / 2), line.length - 3];
      for (const spot of spots) {
        const bent = withLine(whole, seq, (text) => {
          const bytes = Buffer.from(text);
          bytes[spot] = (bytes[spot] ?? 0) ^ 1;
          return [bytes.toString('latin1') === Buffer.from(text).toString('latin1') ? '' : bytes.toString('utf8')];
        });
        expect((await verify(bent)).bad, `record ${seq}, byte ${spot}`).toMatchObject({ seq });
      }
    }
  });

  it('AUD-5: a record removed, put in twice, moved, or replaced together with its hash is found and named', async () => {
    const seq = firstOf('command.accepted');
    expect((await verify(withLine(whole, seq, () => []))).bad).toMatchObject({
      seq,
      why: expect.stringContaining('removed'),
    });
    expect((await verify(withLine(whole, seq, (line) => [line, line]))).bad).toMatchObject({ seq: seq + 1 });
    const [one, two] = [at(whole, seq), at(whole, seq + 3)];
    const swapped = lines(whole);
    [swapped[one], swapped[two]] = [swapped[two] ?? '', swapped[one] ?? ''];
    expect((await verify(swapped.join('\n'))).bad).toMatchObject({ seq });
    // Its leaf hash as well, so that nothing in the file tells which: the checkpoint does not fit any more.
    const other = withLine(whole, firstOf('gateway.started'), (line) => [
      line.replace('"subject":"gateway"', '"subject":"gatewax"'),
    ]);
    const withoutLeaves = lines(other).filter((line) => !line.startsWith('{"leaves":'));
    expect((await verify(withoutLeaves.join('\n'))).bad).not.toBeNull();
    expect((await verify(other)).bad).toMatchObject({
      seq: firstOf('gateway.started'),
      why: expect.stringContaining('not what was recorded'),
    });
  });

  it('AUD-5: a file cut off is found, and so is one older than a checkpoint known from elsewhere', async () => {
    const all = lines(whole);
    expect((await verify(all.slice(0, -2).join('\n'))).bad?.why).toContain('cut off');
    expect((await verify(`${all.slice(0, -3).join('\n')}\n`)).bad).not.toBeNull();
    expect((await verify(whole.slice(0, -40))).bad?.why).toContain('cut off');
    expect((await verify('')).bad?.why).toContain('empty');
    expect((await verify('PK\u0003\u0004 something else\n')).bad?.why).toContain('no line of a bundle');
    const newer = await download('format=bundle');
    const note = (JSON.parse(lines(newer).at(-2) ?? '') as { checkpoint: string }).checkpoint;
    const known = readCheckpoint(note);
    if (known === null) throw new Error('no checkpoint');
    expect((await verify(whole, { ...trust, known })).bad).toMatchObject({ why: expect.stringContaining('missing') });
    expect(await verify(newer, { ...trust, known })).toMatchObject({ bad: null, vouched: { knownMet: true } });
    const elsewhere = { ...known, size: known.size - 3, root: Buffer.alloc(32, 1) };
    expect((await verify(newer, { ...trust, known: elsewhere })).bad?.why).toContain('the checkpoint given');
  });

  it('AUD-3, AUD-5: a log rewritten with all its hashes, signed by another key under its name, is not the one trusted', async () => {
    const forger = noteSigner(parseVkey(vkey)?.name ?? '', generateKeyPairSync('ed25519').privateKey);
    const resigned = lines(whole).map((line) => {
      if (!line.startsWith('{"checkpoint":')) return line;
      const { checkpoint } = JSON.parse(line) as { checkpoint: string };
      return JSON.stringify({ checkpoint: signNote(checkpoint.slice(0, checkpoint.indexOf('\n\n') + 1), forger) });
    });
    expect((await verify(resigned.join('\n'))).bad).not.toBeNull();
    expect((await verify(resigned.join('\n'), trustNobody)).bad).not.toBeNull();
  });

  it('AUD-3, AUD-5: witnesses vouch as far as they cosigned; a wrong cosignature is no cosignature', async () => {
    const signer = cosigner('witness.example', generateKeyPairSync('ed25519').privateKey);
    const key = witnessKeyOf(signer);
    const last = lines(whole).at(-2) ?? '';
    const { checkpoint } = JSON.parse(last) as { checkpoint: string };
    const text = checkpoint.slice(0, checkpoint.indexOf('\n\n') + 1);
    const line = cosign(text, 1_790_000_000, signer);
    const cosigned = whole.replace(last, () => JSON.stringify({ checkpoint: checkpoint + line }));
    const by = { ...trustNobody, witnesses: [key], quorum: 1 };
    const size = (await verify(whole)).size;
    expect(await verify(cosigned, by)).toMatchObject({
      bad: null,
      vouched: { byLog: false, byWitnesses: [{ witness: 'witness.example', size, timeS: 1_790_000_000 }] },
    });
    const wrong = cosign(text.replace('\n', 'x\n'), 1_790_000_000, signer);
    expect(
      (
        await verify(
          whole.replace(last, () => JSON.stringify({ checkpoint: checkpoint + wrong })),
          by,
        )
      ).bad?.why,
    ).toContain('witness.example');
    const file = join(house.dataFolder, 'cosigned.bundle');
    const cli = async (content: string, ...more: string[]) => {
      await writeFile(file, content);
      return countersign(
        'audit',
        'verify',
        file,
        '--data',
        '/nonexistent',
        '--witness',
        formatWitnessKey(key),
        ...more,
      );
    };
    const vouched = await cli(cosigned);
    expect([vouched.code, vouched.out]).toEqual([
      0,
      expect.stringContaining(`vouches for the first ${size} of ${size}`),
    ]);
    expect([(await cli(whole)).code, (await cli(whole, '--key', vkey)).code]).toEqual([1, 1]);
    expect((await cli(whole, '--key', vkey)).out).toContain('NOT PROVEN');
  });
});
