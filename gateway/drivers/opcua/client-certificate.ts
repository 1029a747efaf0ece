// The gateway's own OPC UA application identity: key and certificate in a folder of the gateway's data, made on first
// use by the library. Called by opcua/link.ts; never touches the home folder.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OPCUACertificateManager } from 'node-opcua-certificate-manager';

export const applicationUri = 'urn:countersign:gateway';
export const applicationName = 'Countersign';

/** A store over `<dataFolder>/opcua-client`; nothing unknown is trusted. One for each link: the client disposes of it. */
export function clientCertificates(dataFolder: string | undefined): OPCUACertificateManager {
  const folder = dataFolder ?? join(tmpdir(), `countersign-${process.getuid?.() ?? 'user'}`);
  return new OPCUACertificateManager({
    rootFolder: join(folder, 'opcua-client'),
    automaticallyAcceptUnknownCertificate: false,
    disableFileWatchers: true,
  });
}
