// The size of an entry with all of its imports except web-llm, bundled and minified, and the same
// gzipped, as package sites state sizes.
//   node scripts/size.mjs            prints what the entries for workers and the parts of a handler weigh
//   node scripts/size.mjs --write    writes that into docs/runtimes/cloudflare.md

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { PARTS } from '../src/routes/part-names.ts'
import { edgeChat } from './edge-chat.mjs'
import { root } from './hosts.mjs'
import { withoutHelp } from './without-help.mjs'

/** @typedef {{ minified: number, gzip: number }} Size bytes */
/** @typedef {keyof typeof PARTS} PartName */

/**
 * @param {string} entry below the repository's folder
 * @param {string[]} [conditions] of package.json's `exports`, as the entry's runtime sets them
 */
export function sizeOf(entry, conditions) {
  if (entry === 'worker/edge-chat.ts') return measured(edgeChat, conditions, edgeChat.plugins)
  return measured({ entryPoints: [join(root, entry)] }, conditions)
}

/** The parts of `edge-chat`. @type {PartName[]} */
const CHAT = ['chat', 'models', 'health', 'usage']

/** A worker of these parts. @param {PartName[]} parts */
function sizeOfParts(parts) {
  const contents = `
    import { ${parts.join(', ')} } from './src/parts.ts'
    import { workerOf } from './worker/worker-of.ts'
    export { KeyLimits } from './worker/objects/key-limits.ts'
    export default workerOf([${parts.join(', ')}])`
  return measured({ stdin: { contents, resolveDir: root, loader: 'ts' } }, ['workerd', 'worker'])
}

/**
 * @param {import('esbuild').BuildOptions} source
 * @param {string[]} [conditions]
 * @param {import('esbuild').Plugin[]} [plugins] as scripts/build.mjs bundles workers, by default
 * @returns {Promise<Size>}
 */
async function measured(
  source,
  conditions = [],
  plugins = conditions.includes('worker') ? [withoutHelp] : [],
) {
  const { outputFiles = [] } = await build({
    ...source,
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2024',
    conditions,
    external: ['@mlc-ai/web-llm'],
    plugins,
    logLevel: 'error',
  })
  const [file] = outputFiles
  if (file === undefined) throw new Error('esbuild wrote no bundle')
  return {
    minified: file.contents.length,
    gzip: gzipSync(file.contents, { level: 9 }).length,
  }
}

/** @typedef {{ name: string, has: string, kB: number }} Row */

/** What the workers weigh, and what each part adds to `edge-chat`. @returns {Promise<Row[]>} */
export async function sizeRows() {
  const conditions = ['workerd', 'worker']
  const [all, chat, composed] = await Promise.all([
    sizeOf('worker/edge.ts', conditions),
    sizeOf('worker/edge-chat.ts', conditions),
    sizeOfParts(CHAT),
  ])
  /** @type {Row[]} */
  const rows = []
  for (const [part, paths] of Object.entries(PARTS)) {
    const name = /** @type {PartName} */ (part)
    if (CHAT.includes(name)) continue
    const { gzip } = await sizeOfParts([...CHAT, name])
    const has = HAS[name] ?? paths.map((path) => `\`${path}\``).join(', ')
    rows.push({ name: `\`${name}\``, has, kB: kB(gzip - composed.gzip) })
  }
  rows.sort((a, b) => b.kB - a.kB)
  return [
    { name: '**edge**', has: 'all parts, and their Durable Objects', kB: kB(all.gzip) },
    { name: '**edge-chat**', has: `the parts \`${CHAT.join('`, `')}\``, kB: kB(chat.gzip) },
    {
      name: '**composed**',
      has: 'the same parts, composed of `@sluice/sluice/parts`',
      kB: kB(composed.gzip),
    },
    ...rows,
  ]
}

/** Where a list of paths says too little. @type {Partial<Record<PartName, string>>} */
const HAS = {
  affinity: 'conversations that stay at one of several upstreams',
  balancing: 'concurrency limits of upstreams, their queue, circuit breakers',
  builtIn: 'the model `static`',
  discovery: 'local model servers that are found',
  errorLinks: 'the field `doc_url` of errors',
  largeBodies: 'requests of megabytes that hold up no stream',
  modelDetails: 'what servers tell of their models: contexts, and what is loaded',
  ollama: 'Ollama’s API, below `/api`',
  pages: 'the page at `/`, `/status`, `/openapi.json`, `/docs/errors`',
  passThrough: '`/v1/rerank`, `/v1/audio`, `/tokenize` and other forwarded paths',
  streams: '`/v1/streams`: streams that can be resumed',
  systemMessages: 'system messages that are joined for chat templates',
  tabs: '`/v1/tabs`, `/v1/pairings`: browser tabs as engines',
  thinking: 'thinking between tags as reasoning',
  traces: 'spans for OpenTelemetry',
}

/** @param {number} bytes */
function kB(bytes) {
  return Math.max(0.1, Math.round(bytes / 100) / 10)
}

/** @param {Row[]} rows */
function tableOf(rows) {
  const lines = rows.map(({ name, has, kB }, index) => {
    return `| ${name} | ${has} | ${index < 3 ? '' : '+'}${kB.toFixed(1)} kB |`
  })
  return ['| worker or part | what it has | gzipped |', '|---|---|---:|', ...lines].join('\n')
}

/** Where the table is. */
export const PAGE = join(root, 'docs/runtimes/cloudflare.md')
const TABLE = /(?<=<!-- node scripts\/size\.mjs -->\n\n)[^<]*(?=\n\n<!-- the end of the sizes -->)/

/** The page with these rows. @param {string} page @param {Row[]} rows */
function withSizes(page, rows) {
  if (!TABLE.test(page)) throw new Error(`${PAGE}: expected the marks of the table, got none`)
  return page.replace(TABLE, tableOf(rows))
}

/** The numbers that the page shows, by the name of the row. @param {string} page */
export function sizesIn(page) {
  const [table = ''] = TABLE.exec(page) ?? []
  const rows = table.matchAll(/^\| (\S+) \|.*\| \+?([\d.]+) kB \|$/gm)
  return new Map([...rows].map(([, name, size]) => [name, Number(size)]))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const rows = await sizeRows()
  console.log(tableOf(rows))
  if (process.argv.includes('--write')) {
    writeFileSync(PAGE, withSizes(readFileSync(PAGE, 'utf8'), rows))
  }
}
