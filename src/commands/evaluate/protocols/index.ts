import { bair64 } from './bair-64.js';
import { kth64 } from './kth-64.js';
import { movingMnist } from './moving-mnist.js';
import type { Protocol } from './protocol.js';

/** Registry of protocols by name. A new protocol is a file beside this one and a line here. */
export const protocols = {
  'moving-mnist': movingMnist,
  'kth-64': kth64,
  'bair-64': bair64,
} satisfies Record<string, Protocol>;

/** Name of a protocol. @useDeclaredType */
export type ProtocolName = keyof typeof protocols;

/** Names of all protocols. */
export const protocolNames = Object.keys(protocols) as [ProtocolName, ...ProtocolName[]];
