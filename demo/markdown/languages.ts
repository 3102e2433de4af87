/** The languages that are highlighted, by the names that stand beside a block of code. */

const NAMES = {
  bash: 'bash sh shell zsh console terminal shellsession',
  c: 'c h cpp c++ cc cxx hpp objective-c objc cs csharp c#',
  css: 'css scss less',
  diff: 'diff patch',
  docker: 'docker dockerfile containerfile',
  go: 'go golang',
  html: 'html htm vue svelte',
  http: 'http',
  ini: 'ini env dotenv properties',
  java: 'java kotlin kt scala groovy dart',
  js: 'js javascript jsx mjs cjs node',
  json: 'json json5 jsonc jsonl',
  lua: 'lua',
  make: 'make makefile',
  md: 'md markdown',
  py: 'py python python3',
  rs: 'rs rust',
  sql: 'sql postgresql mysql sqlite',
  toml: 'toml',
  ts: 'ts typescript tsx mts cts',
  xml: 'xml svg xhtml',
  yaml: 'yaml yml',
} as const

export type LanguageName = keyof typeof NAMES

const byName = new Map(
  Object.entries(NAMES).flatMap(([name, all]) =>
    all.split(' ').map((each) => [each, name as LanguageName]),
  ),
)

export function languageOf(name: string): LanguageName | undefined {
  return byName.get(name.toLowerCase())
}
