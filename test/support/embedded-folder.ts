/** A folder of its own for an embedded store, and the settings that matter to it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EmbeddedSettings } from '../../src/backends/embedded/embedded-backends.ts';
import { loadConfig } from '../../src/config.ts';

export function tempFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'holdfast-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export function embeddedSettings(dataDir: string): EmbeddedSettings {
  return loadConfig({ DATA_DIR: dataDir });
}
