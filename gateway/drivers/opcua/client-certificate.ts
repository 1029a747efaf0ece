// The gateway's own OPC UA application identity: key and certificate in a folder of the gateway's data, made on first
// use by the library. Called by opcua/link.ts; never touches the home folder.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OPCUACertificateManager } from 'node-opcua-certificate-manager';

export const applicationUri = 'urn:countersign:gateway';
export const applicationName = 'Countersign';

/** Folders that this process has taken over from its predecessor. */
const takenOver = new Set<string>();

/** A store over `<dataFolder>/opcua-client`; nothing unknown is trusted. One for each link: the client disposes of it. */
export function clientCertificates(dataFolder: string | undefined): OPCUACertificateManager {
  const folder = dataFolder ?? join(tmpdir(), `countersign-${process.getuid?.() ?? 'user'}`);
  const rootFolder = join(folder, 'opcua-client');
  if (dataFolder !== undefined && !takenOver.has(rootFolder)) {
    takenOver.add(rootFolder);
    takeOver(rootFolder);
  }
  return new OPCUACertificateManager({
    rootFolder,
    automaticallyAcceptUnknownCertificate: false,
    disableFileWatchers: true,
  });
}

/**
 * What a gateway leaves behind that was killed while the library worked here: its lock, which would keep the next one from
 * connecting for two minutes, and a half-written key or certificate, which would do so for ever. A data folder has one
 * gateway at a time (the log's writer lock), so nobody else is at work in it.
 */
function takeOver(rootFolder: string): void {
  rmSync(join(rootFolder, 'mutex.lock'), { recursive: true, force: true });
  const own = join(rootFolder, 'own');
  if (!existsSync(own)) return;
  for (const entry of readdirSync(own, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && entry.name.endsWith('.pem') && !readFileSync(path, 'latin1').includes('-----END '))
      rmSync(path);
  }
}
