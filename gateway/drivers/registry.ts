// The protocols that this gateway speaks: a new one is a folder and a line (DRV-7). Read by main.ts and settings/.
import type { Protocol } from './driver.ts';
import { modbus } from './modbus/protocol.ts';
import { opcua } from './opcua/protocol.ts';

export const protocols: readonly Protocol[] = [opcua, modbus];
