/** The ai service: one run per attempt at a reply. Balanced; owners talk to the node that accepted their run. */
import type { Context, Service, ServiceSchema, ServiceSettingSchema } from 'moleculer';
import { addAiMetrics } from '../src/ai/ai-metrics.ts';
import { createProvider } from '../src/ai/create-provider.ts';
import { ModelList } from '../src/ai/model-list.ts';
import { Runs } from '../src/ai/runs.ts';
import { systemClock } from '../src/clock.ts';
import { heardByNode } from '../src/heard-by-node.ts';
import { withFiles } from '../src/ai/with-files.ts';
import { nodeOf } from '../src/node-context.ts';
import { nodeGroup, type ActionInput, type ActionName, type ActionResults } from '../src/protocol/broker.ts';
import { emitTo } from '../src/typed-call.ts';
import { paramsOf } from '../src/zod-validator.ts';

interface AiState {
  runs: Runs;
  models: ModelList;
}
type AiThis = Service<ServiceSettingSchema> & AiState & object;
type AiAction = Extract<ActionName, `ai.${string}`>;

function action<N extends AiAction>(name: N, run: (self: AiThis, params: ActionInput<N>) => ActionResults[N] | Promise<ActionResults[N]>) {
  return {
    visibility: 'public' as const,
    params: paramsOf(name),
    handler(this: AiThis, ctx: Context<ActionInput<N>>): ActionResults[N] | Promise<ActionResults[N]> {
      return run(this, ctx.params);
    },
  };
}

const service: ServiceSchema<ServiceSettingSchema, object, AiState> = {
  name: 'ai',
  ...heardByNode<AiThis, 'ai.taken'>('ai', 'ai.taken', (self, { ownerNode, credit }) => self.runs.taken(ownerNode, credit)),
  actions: {
    generate: action('ai.generate', ({ runs }, params) => runs.generate(params)),
    attach: action('ai.attach', ({ runs }, params) => runs.attach(params)),
    replay: action('ai.replay', ({ runs }, params) => runs.replay(params)),
    ack: action('ai.ack', ({ runs }, params) => runs.ack(params.acks)),
    cancel: action('ai.cancel', ({ runs }, params) => runs.cancel(params)),
    status: action('ai.status', ({ runs }) => runs.status()),
    runs: action('ai.runs', ({ runs }) => runs.views()),
    models: action('ai.models', ({ models }) => models.offered()),
  },
  started() {
    const { broker, logger } = this;
    const { config, backends } = nodeOf(broker);
    const provider = createProvider(config, systemClock);
    this.models = new ModelList(provider, config, systemClock, logger);
    this.runs = new Runs(broker.nodeID, config, withFiles(provider, backends.files), {
      clock: systemClock,
      random: Math.random,
      defer: setImmediate,
      send: (ownerNode, chunks, credit) => emitTo(broker, nodeGroup('session-owner', ownerNode), 'ai.chunks', { aiNode: broker.nodeID, chunks, credit }),
      logger,
    });
    addAiMetrics(broker, this.runs);
  },
  stopped() {
    // A broker that failed to start stops services that never started.
    (this.runs as Runs | undefined)?.stop();
  },
};

export default service;
