/** haproxy/haproxy-sticky.cfg with a real HAProxy; clients have addresses of their own, all of them loopback. */
import { Agent } from 'node:http';
import { describeWith } from '../support/servers/programs.ts';
import { spread, startStage, type Stage } from './haproxy-stage.ts';

jest.setTimeout(60_000);

const ADDRESSES = Array.from({ length: 40 }, (_, number) => `127.0.1.${number + 1}`);

describeWith(['haproxy'], 'haproxy-sticky.cfg', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await startStage('haproxy-sticky.cfg', 3);
  });

  const from = (localAddress: string): object => ({ agent: new Agent({ localAddress }) });

  async function homes(connections: number): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    for (const address of ADDRESSES) {
      const counts = await spread(stage.url, connections, from(address));
      // All of them at one gateway.
      expect(Object.values(counts)).toEqual([connections]);
      found.set(address, Object.keys(counts)[0]!);
    }
    return found;
  }

  test('H19 every connection of a client comes to one gateway; when that one dies they all move to another, and nobody else does', async () => {
    const before = await homes(5);
    expect(new Set(before.values()).size).toBe(3);
    const dead = stage.gateways[0]!;
    await dead.kill();
    await stage.seesUp(stage.gateways.slice(1));
    const after = await homes(3);
    for (const [address, home] of before) {
      if (home === dead.name) expect(after.get(address)).not.toBe(dead.name);
      else expect(after.get(address)).toBe(home);
    }
  });
});
