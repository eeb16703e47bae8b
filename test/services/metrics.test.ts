/** The five services of one node, and what /metrics says after a real reply. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServiceBroker, type ServiceSchema } from 'moleculer';
import aiService from '../../services/ai.service.ts';
import auditService from '../../services/audit.service.ts';
import gatewayService from '../../services/gateway.service.ts';
import historyService from '../../services/history.service.ts';
import ownerService from '../../services/session-owner.service.ts';
import { createBackends } from '../../src/backends/create-backends.ts';
import { loadConfig } from '../../src/config.ts';
import { metricsOf } from '../../src/metrics.ts';
import { provideNode } from '../../src/node-context.ts';
import { call } from '../../src/typed-call.ts';
import { ZodValidator } from '../../src/zod-validator.ts';
import { until } from '../support/until.ts';

test('M7 actors by state, appends, claims, runs, load and the outbox are there, and right', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-metrics-'));
  const config = loadConfig({ DATA_DIR: folder, PORT: '0', DEMO_TOKENS: '60', DEMO_TOKENS_PER_SECOND: '200', AUDIT_DRAIN_MS: '10', AI_MAX_CONCURRENT: '5' });
  const backends = await createBackends(config);
  const broker = new ServiceBroker({ nodeID: 'n1', logger: false, validator: new ZodValidator(), skipProcessEventRegistration: true, registry: { stopDelay: 0 } });
  provideNode(broker, { config, backends });
  for (const schema of [aiService, auditService, historyService, ownerService, gatewayService(broker)]) broker.createService(schema as ServiceSchema);
  await broker.start();
  const read = async (): Promise<Record<string, number>> => {
    const lines = (await metricsOf(broker).text()).split('\n').filter((line) => line.startsWith('holdfast_'));
    return Object.fromEntries(lines.map((line) => [line.slice('holdfast_'.length, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
  };

  const send = { userId: 'u1', clientMessageId: 'c1', content: 'Hello' };
  const { sessionId } = await call(broker, 'session-owner.send', send);
  await until('the run', async () => (await read())['ai_load{provider="demo",model="demo"}'] === 1);
  expect(await read()).toMatchObject({
    'actors{state="replying"}': 1,
    'ai_capacity{provider="demo",model="demo"}': 5,
    'ai_runs{provider="demo",model="demo"}': 1,
    'claims_total{status="claimed"}': 1,
    takeovers_total: 0,
  });
  await until('the end', async () => (await read())['actors{state="idle"}'] === 1);
  await until('the trail', async () => (await read())['outbox_entries'] === 0);
  const { head } = (await backends.log.meta(sessionId))!;
  const after = await read();
  expect(after).toMatchObject({ events_appended_total: head, append_failures_total: 0, outbox_bytes: 0, outbox_shed_total: 0, audit_failures_total: 0, 'ai_load{provider="demo",model="demo"}': 0 });
  expect(after['appends_total{status="appended"}']).toBeGreaterThan(2);
  expect(after['audit_delivered_total']).toBeGreaterThan(3);

  // Released, it is claimed anew: a takeover.
  const lock = (await call(broker, 'session-owner.lock', { sessionId }))!;
  expect(await call(broker, 'session-owner.release', { sessionId, nodeId: lock.nodeId, epoch: lock.epoch })).toBe(true);
  await call(broker, 'session-owner.rename', { userId: 'u1', sessionId, title: 'x' });
  expect((await read())['takeovers_total']).toBe(1);

  await broker.stop();
  await backends.close();
  rmSync(folder, { recursive: true, force: true });
});
