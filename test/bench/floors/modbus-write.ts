// Floor: what a signed write must ask of a Modbus device: one read, one write, one read of a float's two registers, over bare
// modbus-serial on a connection of its own.
import ModbusRTU from 'modbus-serial';

export type ModbusFloor = {
  /** Reads the registers, writes `value`, reads it back. Throws where the device holds something else. */
  readonly change: (value: number) => Promise<void>;
  readonly close: () => Promise<void>;
};

export async function openModbusFloor(port: number, register: number): Promise<ModbusFloor> {
  const client = new ModbusRTU.default();
  await client.connectTCP('127.0.0.1', { port });
  client.setID(1);
  return {
    change: async (value) => {
      const registers = Buffer.alloc(4);
      registers.writeFloatBE(value);
      await client.readHoldingRegisters(register, 2);
      await client.writeRegisters(register, registers);
      const { buffer } = await client.readHoldingRegisters(register, 2);
      if (!buffer.equals(registers)) throw new Error('the device does not hold what was written');
    },
    close: () => new Promise((resolve) => client.close(() => resolve())),
  };
}
