// Floor: what a signed write must ask of the PLC: one read, one write, one read, over bare node-opcua with the transport
// buffers that were seen to be quickest (8 KiB), against the same simulated plant in its own process.
import { join } from 'node:path';
import { OPCUACertificateManager } from 'node-opcua-certificate-manager';
import { AttributeIds, DataType, OPCUAClient } from 'node-opcua-client';

const buffer = 8192;

export type OpcUaFloor = {
  /** Reads the setpoint, writes `value`, reads it back. Throws when any of them is not good. */
  readonly change: (value: number) => Promise<void>;
  readonly close: () => Promise<void>;
};

export async function openOpcUaFloor(endpoint: string, folder: string, tag: string): Promise<OpcUaFloor> {
  const client = OPCUAClient.create({
    applicationName: 'countersign bench floor',
    endpointMustExist: false,
    clientCertificateManager: new OPCUACertificateManager({
      rootFolder: join(folder, 'floor-pki'),
      disableFileWatchers: true,
    }),
    transportSettings: { receiveBufferSize: buffer, sendBufferSize: buffer },
    connectionStrategy: { maxRetry: 0, initialDelay: 50, maxDelay: 100 },
  });
  await client.connect(endpoint);
  const session = await client.createSession();
  const namespaces = await session.readNamespaceArray();
  const nodeId = `ns=${namespaces.indexOf('urn:countersign:demo-plant')};s=${tag}`;
  const read = async () => {
    const found = await session.read({ nodeId, attributeId: AttributeIds.Value });
    if (!found.statusCode.isGood()) throw new Error(`${tag} reads as ${found.statusCode.name}`);
    return found.value.value as number;
  };
  return {
    change: async (value) => {
      await read();
      const status = await session.write({
        nodeId,
        attributeId: AttributeIds.Value,
        value: { value: { dataType: DataType.Float, value } },
      });
      if (!status.isGood()) throw new Error(`${tag} cannot be written: ${status.name}`);
      if ((await read()) !== Math.fround(value)) throw new Error(`${tag} does not hold what was written`);
    },
    close: async () => {
      await session.close();
      await client.disconnect();
    },
  };
}
