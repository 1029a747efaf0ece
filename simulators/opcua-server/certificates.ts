// The OPC UA server's own key and certificates, in a folder that only this simulator uses. Called by server.ts before it
// builds the server. It repairs what a killed process left behind; there is nothing in it that cannot be made anew.

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { OPCUACertificateManager } from 'node-opcua-certificate-manager';

/**
 * A ready certificate manager that trusts every client: this is a demo's device.
 * The caller must be the folder's only user; the public port, taken before, sees to that.
 */
export async function openCertificates(folder: string): Promise<OPCUACertificateManager> {
  if (!(await isSound(folder))) await rm(folder, { recursive: true, force: true });
  await removeLocks(folder);
  const manager = new OPCUACertificateManager({
    rootFolder: folder,
    automaticallyAcceptUnknownCertificate: true,
    disableFileWatchers: true,
  });
  await manager.initialize();
  return manager;
}

/** A process killed while it held node-opcua-pki's lock leaves it there, and the next would wait two minutes for it. */
async function removeLocks(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true }).catch(() => []);
  const locks = entries.filter((entry) => entry.endsWith('.lock'));
  await Promise.all(locks.map((lock) => rm(join(folder, lock), { recursive: true, force: true })));
}

/** False where a key or certificate is there and cannot be read: its writing was cut short. */
async function isSound(folder: string): Promise<boolean> {
  const readable = async (path: string, read: (bytes: Buffer) => unknown): Promise<boolean> => {
    const file = join(folder, 'own', path);
    if ((await stat(file).catch(() => null)) === null) return true;
    try {
      read(await readFile(file));
      return true;
    } catch {
      return false;
    }
  };
  const key = await readable('private/private_key.pem', createPrivateKey);
  const certificate = await readable('certs/certificate.pem', (bytes) => new X509Certificate(bytes));
  return key && certificate;
}
