// Modbus TCP as a protocol of the registry: schemas, names of device addresses, how a driver is made (DRV-7).
import type { Protocol } from '../driver.ts';
import { modbusAddressSchema, modbusDeviceAddress, modbusOptionsSchema, modbusWritePlace } from './address.ts';
import { ModbusDriver } from './driver.ts';

export const modbus: Protocol = {
  name: 'modbus',
  connectionSchema: modbusOptionsSchema,
  addressSchema: modbusAddressSchema,
  endpointOf: (options) => modbusOptionsSchema.parse(options).endpoint,
  deviceAddress: (address) => modbusDeviceAddress(modbusAddressSchema.parse(address)),
  writePlace: (options, address) =>
    modbusWritePlace(modbusOptionsSchema.parse(options), modbusAddressSchema.parse(address)),
  create: (settings, listener) =>
    new ModbusDriver(
      settings,
      modbusOptionsSchema.parse(settings.connection.options),
      (tag) => modbusAddressSchema.parse(tag.address),
      listener,
    ),
};
