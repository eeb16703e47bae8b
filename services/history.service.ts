/** The history service: sessions and finished messages, kept for good. */
import type { Context, Service, ServiceSchema } from 'moleculer';
import { answer, answers, type Answers, type HistoryAction } from '../src/history/answers.ts';
import { nodeOf } from '../src/node-context.ts';
import type { ActionInput, ActionResults } from '../src/protocol/broker.ts';
import { paramsOf } from '../src/zod-validator.ts';

function action<N extends HistoryAction>(name: N) {
  const ask: Answers[N] = answers[name];
  return {
    visibility: 'public' as const,
    params: paramsOf(name),
    handler(this: Service, ctx: Context<ActionInput<N>>): Promise<ActionResults[N]> {
      const { history } = nodeOf(this.broker).backends;
      return answer(
        () => ask(history, ctx.params),
        (error) => this.logger.error({ err: error, action: name }, 'the history store failed'),
      );
    },
  };
}

const service: ServiceSchema = {
  name: 'history',
  actions: {
    store: action('history.store'),
    page: action('history.page'),
    message: action('history.message'),
    session: action('history.session'),
    outline: action('history.outline'),
    list: action('history.list'),
    search: action('history.search'),
    shared: action('history.shared'),
    remove: action('history.remove'),
  },
};

export default service;
