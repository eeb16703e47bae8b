/** A Moleculer broker as its documentation shows it, on Redis. */
import { ServiceBroker } from 'moleculer';

export interface Chunk {
  room: string;
  seq: number;
  text: string;
  end: boolean;
}

export function eachBroker(nodeID: string): ServiceBroker {
  const { hostname: host, port } = new URL(process.env['REDIS_URL'] ?? '');
  return new ServiceBroker({ namespace: 'bench', nodeID, transporter: { type: 'Redis', options: { host, port: Number(port) } }, logger: false });
}
