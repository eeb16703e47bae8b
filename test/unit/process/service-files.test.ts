import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { SERVICE_NAMES, servicePaths } from '../../../src/process/service-files.ts';

const built = 'file:///srv/holdfast/dist/moleculer.config.js';

describe('SERVICES', () => {
  test('N3 names become the files beside the configuration, with its ending', () => {
    expect(servicePaths('gateway, ai', 'cluster', built)).toBe('/srv/holdfast/dist/services/gateway.service.js,/srv/holdfast/dist/services/ai.service.js');
    expect(servicePaths('ai', 'cluster', 'file:///srv/holdfast/moleculer.config.ts')).toBe('/srv/holdfast/services/ai.service.ts');
  });

  test('its own result means the same again', () => {
    const once = servicePaths('session-owner,history', 'cluster', built);
    expect(servicePaths(once, 'cluster', built)).toBe(once);
  });

  test('unset means every service', () => {
    expect(servicePaths(undefined, 'cluster', built)).toBeUndefined();
    expect(servicePaths(' ', 'embedded', built)).toBeUndefined();
  });

  test('N3 an unknown name is refused', () => {
    expect(() => servicePaths('gateway,billing', 'cluster', built)).toThrow('SERVICES: there is no service "billing"; there are gateway, session-owner, ai, history, audit');
  });

  test('an embedded process without some service is refused', () => {
    expect(() => servicePaths('gateway,ai', 'embedded', built)).toThrow('session-owner, history, audit would be missing');
    expect(servicePaths(SERVICE_NAMES.join(','), 'embedded', built)).toBeDefined();
  });

  test('the known names are the files of services/', () => {
    const files = readdirSync(join(__dirname, '../../../services')).map((file) => file.replace('.service.ts', ''));
    expect(files.sort()).toEqual([...SERVICE_NAMES].sort());
  });
});
