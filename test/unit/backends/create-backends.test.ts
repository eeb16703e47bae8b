import { createBackends } from '../../../src/backends/create-backends.ts';
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
