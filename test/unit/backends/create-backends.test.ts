import { createBackends, StartError } from '../../../src/backends/create-backends.ts';
import { loadConfig } from '../../../src/config.ts';
import { tempFolder } from '../../support/embedded-folder.ts';

const folder = tempFolder();
afterAll(() => folder.remove());

test('S37 without REDIS_URL everything is in one file in DATA_DIR', async () => {
  const backends = await createBackends(loadConfig({ DATA_DIR: folder.path }));
  expect(backends.mode).toBe('embedded');
  expect(await backends.health()).toEqual({ store: { ok: true } });
  await backends.close();
  expect(await backends.health()).toEqual({ store: { ok: false, detail: 'The store is closed.' } });
});

test('S37 cluster mode is refused with one line that says what to do', async () => {
  const config = loadConfig({ REDIS_URL: 'redis://localhost', MONGO_URL: 'mongodb://localhost', AUDIT: 'off', AUTH_GUESTS: 'off' });
  const opening = createBackends(config);
  await expect(opening).rejects.toBeInstanceOf(StartError);
  await expect(opening).rejects.toThrow(/^REDIS_URL is set, but cluster mode is not in this version: .+$/);
});
