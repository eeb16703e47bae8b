/**
 * zod's schemas carry their own writer of JSON Schema, 19 kB of script that no bundler can leave out, as each schema has
 * a method that calls it. The page checks frames and writes no schemas: here the writer's functions answer nothing.
 */
import type { Plugin } from 'vite';

const WRITER = /[\\/]zod[\\/]v4[\\/]core[\\/](?:json-schema-processors|to-json-schema)\.js$/;
const EXPORT = /^export (?:const|function) (\w+)|^export \{ \w+ as (\w+) \}/gm;

export function zodWithoutJsonSchema(): Plugin {
  return {
    name: 'zod-without-json-schema',
    transform(code, id) {
      if (!WRITER.test(id)) return null;
      const names = [...code.matchAll(EXPORT)].map(([, plain, renamed]) => plain ?? renamed!);
      return { code: names.map((name) => `export const ${name} = () => ({});`).join('\n'), map: null };
    },
  };
}
