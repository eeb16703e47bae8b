/** The models that people may choose from, as an ai node tells. */
import { chatError } from '../errors.ts';
import type { OfferedModels } from '../protocol/broker.ts';
import type { ModelsReply } from '../protocol/wire.ts';
import { call } from '../typed-call.ts';
import type { GatewayContext } from './gateway-context.ts';

/** Longer than an ai node waits for its model server. */
const ANSWER_MS = 6_000;

function offeredModels({ broker }: GatewayContext): Promise<OfferedModels> {
  return call(broker, 'ai.models', {}, { timeout: ANSWER_MS });
}

export async function modelsReply(gateway: GatewayContext): Promise<ModelsReply> {
  const { default: fallback, models } = await offeredModels(gateway);
  return { default: fallback, models: models.map((id) => ({ id })) };
}

/** Throws when this model is not offered, or when that cannot be told now. */
export async function expectOffered(gateway: GatewayContext, model: string): Promise<void> {
  const { models, complete } = await offeredModels(gateway);
  if (models.includes(model)) return;
  if (!complete) throw chatError('ai-unavailable', 'The model server does not say which models it has. Try again in a moment.');
  throw chatError('invalid', `settings.model: the model "${model}" is not offered here`);
}
