/** The languages whose code is coloured, each a file of its own. */
import type { LanguageFn } from 'highlight.js';

type Load = () => Promise<{ default: LanguageFn }>;

const LOADERS: Record<string, Load> = {
  bash: () => import('highlight.js/lib/languages/bash'),
  c: () => import('highlight.js/lib/languages/c'),
  cpp: () => import('highlight.js/lib/languages/cpp'),
  csharp: () => import('highlight.js/lib/languages/csharp'),
  css: () => import('highlight.js/lib/languages/css'),
  dart: () => import('highlight.js/lib/languages/dart'),
  diff: () => import('highlight.js/lib/languages/diff'),
  dockerfile: () => import('highlight.js/lib/languages/dockerfile'),
  elixir: () => import('highlight.js/lib/languages/elixir'),
  go: () => import('highlight.js/lib/languages/go'),
  graphql: () => import('highlight.js/lib/languages/graphql'),
  haskell: () => import('highlight.js/lib/languages/haskell'),
  http: () => import('highlight.js/lib/languages/http'),
  ini: () => import('highlight.js/lib/languages/ini'),
  java: () => import('highlight.js/lib/languages/java'),
  javascript: () => import('highlight.js/lib/languages/javascript'),
  json: () => import('highlight.js/lib/languages/json'),
  kotlin: () => import('highlight.js/lib/languages/kotlin'),
  latex: () => import('highlight.js/lib/languages/latex'),
  lua: () => import('highlight.js/lib/languages/lua'),
  makefile: () => import('highlight.js/lib/languages/makefile'),
  markdown: () => import('highlight.js/lib/languages/markdown'),
  nginx: () => import('highlight.js/lib/languages/nginx'),
  perl: () => import('highlight.js/lib/languages/perl'),
  php: () => import('highlight.js/lib/languages/php'),
  powershell: () => import('highlight.js/lib/languages/powershell'),
  python: () => import('highlight.js/lib/languages/python'),
  r: () => import('highlight.js/lib/languages/r'),
  ruby: () => import('highlight.js/lib/languages/ruby'),
  rust: () => import('highlight.js/lib/languages/rust'),
  scala: () => import('highlight.js/lib/languages/scala'),
  scss: () => import('highlight.js/lib/languages/scss'),
  sql: () => import('highlight.js/lib/languages/sql'),
  swift: () => import('highlight.js/lib/languages/swift'),
  typescript: () => import('highlight.js/lib/languages/typescript'),
  xml: () => import('highlight.js/lib/languages/xml'),
  yaml: () => import('highlight.js/lib/languages/yaml'),
};

const ALIASES: Record<string, string> = {
  cc: 'cpp', 'c++': 'cpp', cjs: 'javascript', console: 'bash', cs: 'csharp', 'c#': 'csharp', docker: 'dockerfile', env: 'ini', ex: 'elixir',
  golang: 'go', h: 'c', hpp: 'cpp', hs: 'haskell', htm: 'xml', html: 'xml', js: 'javascript', json5: 'json', jsonc: 'json', jsx: 'javascript',
  kt: 'kotlin', make: 'makefile', md: 'markdown', mjs: 'javascript', patch: 'diff', pl: 'perl', ps1: 'powershell', py: 'python', rb: 'ruby',
  rs: 'rust', sass: 'scss', sh: 'bash', shell: 'bash', shellscript: 'bash', svg: 'xml', tex: 'latex', toml: 'ini', ts: 'typescript',
  tsx: 'typescript', vue: 'xml', yml: 'yaml', zsh: 'bash',
};

/** The name under which a language is loaded; null for one that stays plain. */
export function knownLanguage(name: string): string | null {
  const lower = name.toLowerCase();
  const known = ALIASES[lower] ?? lower;
  return Object.hasOwn(LOADERS, known) ? known : null;
}

export async function loadLanguage(name: string): Promise<LanguageFn> {
  const load = LOADERS[name];
  if (load === undefined) throw new Error(`There is no language ${name}.`);
  return (await load()).default;
}
