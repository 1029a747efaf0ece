// What the server shows of the last write that it received for each writable point: the request header's auditEntryId
// (OPC UA Part 4, 7.32), its answer and its time, as properties of the variable, so that the PLC's side and the gateway's
// audit log can be joined from any OPC UA client. Called by server.ts; it decides nothing.
import { DataType, StatusCodes, Variant } from 'node-opcua-client';
import type { OPCUAServer } from 'node-opcua-server';
import type { Point } from '../plant/points.ts';
import type { ReceivedWrite } from '../write-log.ts';
import { demoPlantNamespace } from './point-nodes.ts';

type AddressSpace = NonNullable<OPCUAServer['engine']['addressSpace']>;

/** Adds them to the points' variables, which must be there; the answer shows one more write. Empty until the first one. */
export function addLastWriteNodes(
  addressSpace: AddressSpace,
  points: readonly Point[],
  received: readonly ReceivedWrite[],
): (write: ReceivedWrite) => void {
  const index = addressSpace.getNamespaceIndex(demoPlantNamespace);
  const namespace = addressSpace.getNamespace(index);
  const shown = new Map<string, (write: ReceivedWrite) => void>();
  for (const point of points) {
    const variable = addressSpace.findNode(`ns=${index};s=${point.name}`);
    if (point.accepts === null || variable === null) continue;
    const property = (name: string) => {
      const text = namespace.addVariable({
        propertyOf: variable,
        nodeId: `s=${point.name}#LastWrite.${name}`,
        browseName: `LastWrite.${name}`,
        typeDefinition: 'PropertyType',
        dataType: DataType.String,
        accessLevel: 'CurrentRead',
        userAccessLevel: 'CurrentRead',
        value: new Variant({ dataType: DataType.String, value: '' }),
      });
      return (value: string, at: number) =>
        text.setValueFromSource({ dataType: DataType.String, value }, StatusCodes.Good, new Date(at));
    };
    const [id, answer, time] = [property('AuditEntryId'), property('Answer'), property('Time')];
    shown.set(point.name, (write) => {
      id(write.auditEntryId ?? '', write.at);
      answer(write.answer, write.at);
      time(new Date(write.at).toISOString(), write.at);
    });
  }
  const show = (write: ReceivedWrite): void => shown.get(write.point)?.(write);
  for (const write of received) if (write.protocol === 'opcua') show(write);
  return show;
}
