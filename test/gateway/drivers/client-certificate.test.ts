import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { clientCertificates } from '../../../gateway/drivers/opcua/client-certificate.ts';

// Found by killing the gateway right after its start: the next one connected to no OPC UA server for two minutes.
describe('the OPC UA identity of a gateway whose predecessor was killed', () => {
  let dataFolder: string;
  const keyFile = (): string => join(dataFolder, 'opcua-client', 'own', 'private', 'private_key.pem');
  beforeEach(async () => {
    dataFolder = await mkdtemp(join(tmpdir(), 'countersign-identity-'));
  });
  afterEach(() => rmSync(dataFolder, { recursive: true, force: true }));

  async function initialised(): Promise<string> {
    const certificates = clientCertificates(dataFolder);
    await certificates.initialize();
    await certificates.dispose();
    return readFileSync(keyFile(), 'utf8');
  }

  it('CMD-6, DRV-2: waits for no lock of the dead, and makes a half-written key anew', async () => {
    mkdirSync(join(dataFolder, 'opcua-client', 'mutex.lock'), { recursive: true });
    mkdirSync(join(dataFolder, 'opcua-client', 'own', 'private'), { recursive: true });
    writeFileSync(keyFile(), '-----BEGIN PRIVATE KEY-----\nMIIE');
    expect(await initialised()).toContain('-----END PRIVATE KEY-----');
  });

  it('DRV-2: keeps a whole key', async () => {
    const key = await initialised();
    expect(await initialised()).toBe(key);
    // As the next process would take it over.
    vi.resetModules();
    const { clientCertificates: next } = await import('../../../gateway/drivers/opcua/client-certificate.ts');
    expect(next).not.toBe(clientCertificates);
    const certificates = next(dataFolder);
    await certificates.initialize();
    await certificates.dispose();
    expect(readFileSync(keyFile(), 'utf8')).toBe(key);
  });
});
