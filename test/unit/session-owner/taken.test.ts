/** What an owner tells the ai nodes about what they sent, so that they send no more than it can log. */
import { OwnerCluster, type ClusterNode } from '../../support/owner-cluster.ts';
import { settle } from '../../support/virtual-clock.ts';

let cluster: OwnerCluster;
let node: ClusterNode;
let sessionId: string;
let said: [string, number][];

beforeEach(async () => {
  cluster = new OwnerCluster();
  node = await cluster.start('n1');
  sessionId = await cluster.newSession(node);
  said = [];
  node.ports.ai.taken = (aiNode, credit) => void said.push([aiNode, credit]);
  await cluster.send(node, sessionId);
});
afterEach(() => cluster.stop());

const take = async (offset: number, text: string, credit?: number): Promise<void> => {
  const { runId } = cluster.runs[0]!;
  node.owner.takeChunks({ aiNode: 'ai-1', chunks: [{ runId, sessionId, offset, text }], credit });
  await settle();
};

test('P16 a credit is said once the text is logged, not before', async () => {
  let write = (): void => {};
  node.faults.beforeWrite = ({ op }) => (op === 'log.append' ? new Promise<void>((resolve) => (write = resolve)) : undefined);
  await take(0, 'one ', 8);
  expect(said).toEqual([]);
  node.faults.heal();
  write();
  await settle();
  expect(said).toEqual([['ai-1', 8]]);
  expect(cluster.shown(sessionId).at(-1)).toMatchObject({ text: 'one ' });
});

test('P16 only what is asked for is said, also for sessions that are not here', async () => {
  await take(0, 'one ');
  expect(said).toEqual([]);
  node.owner.takeChunks({ aiNode: 'ai-2', chunks: [{ runId: 'r', sessionId: 'not-here', offset: 0, text: 'x' }], credit: 16 });
  await settle();
  expect(said).toEqual([['ai-2', 16]]);
});
