import { ModelList, type ModelSettings } from '../../../src/ai/model-list.ts';
import { ProviderError, type Provider } from '../../../src/ai/providers/provider.ts';
import { settle, virtualClock } from '../../support/virtual-clock.ts';

interface Question {
  signal: AbortSignal;
  answer: (ids: string[]) => void;
  fail: (error: unknown) => void;
}

function list(settings: Partial<ModelSettings> = {}) {
  const clock = virtualClock();
  const asked: Question[] = [];
  const warned: object[] = [];
  const provider: Provider = {
    name: 'scripted',
    model: 'own',
    models: (signal) => new Promise((answer, fail) => asked.push({ signal, answer, fail })),
    generate: () => {
      throw new Error('not asked here');
    },
  };
  const logger = { info: () => {}, warn: (fields: object) => void warned.push(fields), error: () => {} };
  const models = new ModelList(provider, { AI_MODELS: [], AI_MODELS_CACHE_MS: 60_000, ...settings }, clock, logger);
  /** Asks, and has the model server answer with these. */
  const offered = async (...ids: string[]) => {
    const answer = models.offered();
    asked.at(-1)?.answer(ids);
    return (await answer).models;
  };
  return { models, clock, asked, warned, offered, provider };
}

const nothing = { default: 'own', models: ['own'], complete: false };

test('P40 all that the model server lists, by name, the default one first whether it is listed or not', async () => {
  expect(await list().offered('c', 'own', 'a', 'a')).toEqual(['own', 'a', 'c']);
  expect(await list().offered('b')).toEqual(['own', 'b']);
  expect(await list().offered('', 'x'.repeat(201), 'b')).toEqual(['own', 'b']);
});

test('P40 AI_MODELS lets through what it names, in its order, of what is listed', async () => {
  expect(await list({ AI_MODELS: ['c', 'unknown', 'a', 'own'] }).offered('a', 'b', 'c', 'own')).toEqual(['own', 'c', 'a']);
});

test('P40 a provider that lists none has its own one', async () => {
  const { models, provider } = list();
  delete provider.models;
  expect(await models.offered()).toEqual({ default: 'own', models: ['own'], complete: true });
});

test('P41 the model server is asked once for all who ask meanwhile, and again when its answer is old', async () => {
  const { models, asked, clock, offered } = list();
  const all = [models.offered(), models.offered()];
  await clock.advance(3_000);
  all.push(models.offered());
  asked[0]?.answer(['a']);
  expect(await Promise.all(all)).toMatchObject(all.map(() => ({ models: ['own', 'a'], complete: true })));
  await clock.advance(59_000);
  expect(await models.offered()).toMatchObject({ models: ['own', 'a'] });
  expect(asked).toHaveLength(1);
  await clock.advance(1_001);
  expect(await offered('b')).toEqual(['own', 'b']);
  expect(asked).toHaveLength(2);
});

test('P42 when it cannot be asked there is the default one, it is asked again soon, and the log quotes nothing', async () => {
  const { models, asked, clock, warned } = list();
  const first = models.offered();
  asked[0]?.fail(new Error('secret words'));
  expect(await first).toEqual(nothing);
  expect(await models.offered()).toEqual(nothing);
  expect(asked).toHaveLength(1);
  await clock.advance(5_000);
  const second = models.offered();
  asked[1]?.fail(new ProviderError('ai-refused', 'No.', { details: { status: 404 } }));
  expect(await second).toEqual(nothing);
  expect(warned).toEqual([{ provider: 'scripted', kind: 'Error' }, { provider: 'scripted', code: 'ai-refused', status: 404 }]);
  await clock.advance(5_000);
  const third = models.offered();
  asked[2]?.answer(['a']);
  expect(await third).toMatchObject({ models: ['own', 'a'], complete: true });
});

test('P42 nobody waits for a model server that does not answer, and the question is closed', async () => {
  const { models, asked, clock } = list();
  const answer = models.offered();
  await clock.advance(4_000);
  expect(await answer).toEqual(nothing);
  expect(asked[0]?.signal.aborted).toBe(true);
  await settle();
});
