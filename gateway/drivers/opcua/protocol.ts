// OPC UA as a protocol of the registry: schemas, names of device addresses, how a driver is made (DRV-7).
import { LogLevel, setLogLevel } from 'node-opcua-client';
import type { Protocol } from '../driver.ts';
import { opcuaAddressSchema, opcuaOptionsSchema, opcuaWritePlace } from './address.ts';
import { OpcuaDriver } from './driver.ts';

export const opcua: Protocol = {
  name: 'opcua',
  connectionSchema: opcuaOptionsSchema,
  addressSchema: opcuaAddressSchema,
  endpointOf: (options) => opcuaOptionsSchema.parse(options).endpoint,
  deviceAddress: (address) => opcuaAddressSchema.parse(address).nodeId,
  writePlace: (options, address) =>
    opcuaWritePlace(opcuaOptionsSchema.parse(options), opcuaAddressSchema.parse(address)),
  create: (settings, listener) => {
    // The library prints to the console what it also reports as an error; the driver tells it as a connection's state.
    setLogLevel(LogLevel.Emergency);
    return new OpcuaDriver(
      settings,
      opcuaOptionsSchema.parse(settings.connection.options),
      (tag) => opcuaAddressSchema.parse(tag.address),
      listener,
    );
  },
};
