// The bioreactor's points as OPC UA variables in a browsable tree BR101/TIC/SP: builds the nodes, shows the device's
// values with their source times, and hands writes to write-handler. Called by server.ts; knows no sockets.
import { DataType, DataValue, StatusCode, StatusCodes, Variant } from 'node-opcua-client';
import type { OPCUAServer } from 'node-opcua-server';
import type { Device } from '../device.ts';
import type { FaultSource } from '../faults/fault-board.ts';
import type { Point, PointValue } from '../plant/points.ts';

export const demoPlantNamespace = 'urn:countersign:demo-plant';

type AddressSpace = NonNullable<OPCUAServer['engine']['addressSpace']>;
type Namespace = ReturnType<AddressSpace['getOwnNamespace']>;
type Folder = ReturnType<Namespace['addFolder']>;
type Variable = ReturnType<Namespace['addVariable']>;

export type PointNodes = {
  /** Brings the variables up to what the device shows; only what differs is reported to subscriptions. */
  readonly publish: () => void;
};

/** Carries out a write and answers when the device does; value is null where the type does not fit the point. */
export type WriteHandler = (point: Point, value: PointValue | null) => Promise<StatusCode>;

const unitIds: Record<string, { readonly unitId: number; readonly description: string }> = {
  // UNECE Recommendation 20 common codes as numbers, OPC UA Part 8, 5.6.4.3.
  '°C': { unitId: 0x43454c, description: 'degree Celsius' },
  '%': { unitId: 0x5031, description: 'percent' },
  rpm: { unitId: 0x52504d, description: 'revolutions per minute' },
  bar: { unitId: 0x424152, description: 'bar' },
  pH: { unitId: 0x513330, description: 'pH (potential of hydrogen)' },
};

export function addPointNodes(
  addressSpace: AddressSpace,
  points: readonly Point[],
  device: Device,
  faults: FaultSource,
  nowMs: () => number,
  write: WriteHandler,
): PointNodes {
  const namespace = addressSpace.registerNamespace(demoPlantNamespace);
  const folderFor = createFolders(namespace, addressSpace.rootFolder.objects);
  const publishers = points.map((point) => addNode(namespace, folderFor(point.name), point));

  function addNode(own: Namespace, folder: Folder, point: Point): () => void {
    const dataType = dataTypeOf(point);
    const qualityNow = (): StatusCode => {
      const fault = faults.find('bad-quality', { protocol: 'opcua', points: [point.name] });
      return fault === null ? StatusCodes.Good : statusByName(fault.status);
    };
    const stamp = (): Date => {
      const drift = faults.find('clock-drift', { protocol: 'opcua', points: [point.name] });
      return new Date(nowMs() + (drift?.offsetMs ?? 0));
    };
    const show = (value: PointValue, status: StatusCode): DataValue =>
      new DataValue({
        value: new Variant({ dataType, value }),
        statusCode: status,
        sourceTimestamp: stamp(),
        serverTimestamp: new Date(nowMs()),
      });

    let shown = device.read(point.name);
    let held = show(shown, StatusCodes.Good);
    const variable: Variable = own.addVariable({
      componentOf: folder,
      nodeId: `s=${point.name}`,
      browseName: point.name.slice(point.name.lastIndexOf('.') + 1),
      displayName: point.name,
      description: point.description,
      dataType,
      accessLevel: point.accepts === null ? 'CurrentRead' : 'CurrentRead | CurrentWrite',
      userAccessLevel: point.accepts === null ? 'CurrentRead' : 'CurrentRead | CurrentWrite',
      // 0: reports by exception where a client asks for a sampling interval of 0.
      minimumSamplingInterval: 0,
    });
    const publish = (): void => {
      const value = device.read(point.name);
      const status = qualityNow();
      if (Object.is(value, shown) && status.equals(held.statusCode)) return;
      shown = value;
      held = show(value, status);
      variable.setValueFromSource(held.value, held.statusCode, held.sourceTimestamp ?? undefined);
    };
    variable.bindVariable(
      {
        // A read shows the device as it is now, not as it was at the last scan.
        timestamped_get: () => {
          publish();
          return held;
        },
        timestamped_set: async (received: DataValue) => {
          const answering = write(point, pointValueOf(point, received.value));
          // What was applied is seen at once, even where a fault holds the answer back.
          publish();
          const answer = await answering;
          publish();
          // node-opcua stores what was received even when the answer is bad, and reports it to subscriptions: make
          // it what the device holds, so that a refused, ignored or slow write shows no value that never was.
          received.value = held.value.clone();
          received.statusCode = held.statusCode;
          received.sourceTimestamp = held.sourceTimestamp;
          received.serverTimestamp = new Date(nowMs());
          return answer;
        },
      },
      true,
    );
    addProperties(own, variable, point);
    return publish;
  }

  return {
    publish: () => {
      for (const publish of publishers) publish();
    },
  };
}

function createFolders(namespace: Namespace, objects: Parameters<Namespace['addFolder']>[0]) {
  const folders = new Map<string, Folder>();
  const folder = (path: string): Folder => {
    const known = folders.get(path);
    if (known !== undefined) return known;
    const cut = path.lastIndexOf('.');
    const made = namespace.addFolder(cut < 0 ? objects : folder(path.slice(0, cut)), {
      browseName: path.slice(cut + 1),
      nodeId: `s=${path}`,
    });
    folders.set(path, made);
    return made;
  };
  return (pointName: string): Folder => folder(pointName.slice(0, pointName.lastIndexOf('.')));
}

function addProperties(namespace: Namespace, variable: Variable, point: Point): void {
  if (point.range === null || point.type !== 'float') return;
  const addressSpace = variable.addressSpace;
  const property = (
    name: string,
    dataType: string,
    typeName: 'Range' | 'EUInformation',
    fields: Record<string, unknown>,
  ): void => {
    const type = addressSpace.findDataType(typeName);
    if (type === null) throw new Error(`the standard nodeset lacks ${typeName}`);
    namespace.addVariable({
      propertyOf: variable,
      nodeId: `s=${point.name}#${name}`,
      browseName: { name, namespaceIndex: 0 },
      typeDefinition: 'PropertyType',
      dataType,
      value: {
        dataType: DataType.ExtensionObject,
        value: addressSpace.constructExtensionObject(type, fields),
      },
    });
  };
  property('EURange', 'Range', 'Range', { low: point.range.low, high: point.range.high });
  property('EngineeringUnits', 'EUInformation', 'EUInformation', {
    namespaceUri: 'http://www.opcfoundation.org/UA/units/un/cefact',
    unitId: unitIds[point.unit]?.unitId ?? -1,
    displayName: { text: point.unit },
    description: { text: unitIds[point.unit]?.description ?? point.unit },
  });
}

function dataTypeOf(point: Point): DataType.Float | DataType.Int32 | DataType.Boolean | DataType.String {
  switch (point.type) {
    case 'float':
      return DataType.Float;
    case 'integer':
      return DataType.Int32;
    case 'boolean':
      return DataType.Boolean;
    case 'text':
      return DataType.String;
  }
}

function pointValueOf(point: Point, variant: Variant): PointValue | null {
  const value: unknown = variant.value;
  if (variant.dataType !== dataTypeOf(point)) return null;
  return typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string' ? value : null;
}

/** The status code of this name; BadInternalError for a name that OPC UA does not know. */
export function statusByName(name: string): StatusCode {
  const found: unknown = Object.hasOwn(StatusCodes, name) ? Reflect.get(StatusCodes, name) : null;
  return found instanceof StatusCode ? found : StatusCodes.BadInternalError;
}
