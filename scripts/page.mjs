// The page and its service worker, built into one folder that any web server can serve.

import { createHash } from 'node:crypto'
import { copyFileSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { writeClientLines } from './client-lines.mjs'
import { binaryOf, root } from './hosts.mjs'
import { NOTICES } from './notices.mjs'
import { pageHtml } from './page-html.mjs'
import { capture } from './process.mjs'

/** @typedef {import('esbuild').BuildOptions} BuildOptions */
/** @typedef {import('esbuild').Plugin} Plugin */

/** Holds the link of a page that answers others' requests. */
const LINK = join(root, 'worker/link.ts')

/**
 * @typedef {object} PageOptions
 * @property {string} [engine] replaces worker/engine.ts, for tests
 * @property {Record<string, string>} [others] replaces more files, by the ends of their paths
 * @property {string[]} [packages] folders of packages, where those of the checkout lack some
 * @property {string} [build] the build's name, by which an open page learns of the next one
 */

/** What a browser has to be able to run. */
const target = 'es2022'

const common = /** @satisfies {BuildOptions} */ ({
  absWorkingDir: root,
  bundle: true,
  minify: true,
  target,
  // The licences are in a file of their own beside the page.
  legalComments: 'none',
})

/**
 * Builds the page into `outDir`. `engine` replaces worker/engine.ts, for tests, and `others` more files,
 * by the ends of their paths.
 * @param {string} outDir
 * @param {string} [engine]
 * @param {Record<string, string>} [others]
 */
export async function buildPage(outDir, engine, others = {}) {
  rmSync(outDir, { recursive: true, force: true })
  const { usesWebllm } = await buildPageFiles(outDir, { ...(engine && { engine }), others })
  if (usesWebllm) await buildWebllm(outDir, [], others)
  capture(binaryOf('node'), ['scripts/openapi/main.ts', outDir])
}

/**
 * Builds everything but web-llm's own file and the description of the API. `inputs` are the files that it
 * was made from, below the repository's folder.
 * @param {string} outDir
 * @param {PageOptions} [options]
 * @returns {Promise<{ inputs: string[], usesWebllm: boolean }>}
 * @throws esbuild's `BuildFailure`
 */
export async function buildPageFiles(outDir, options = {}) {
  const { engine = join(root, 'worker/engine.ts'), packages = [] } = options
  const { build } = await import('esbuild')
  const plugins = [replacing(options.others ?? {})]
  const shared = /** @satisfies {BuildOptions} */ ({
    ...common,
    format: 'esm',
    metafile: true,
    nodePaths: packages,
    logLevel: 'silent',
    plugins,
    outdir: outDir,
  })
  const named = { entryNames: 'assets/[name]-[hash]', chunkNames: 'assets/[name]-[hash]' }
  const worker = await build({
    ...shared,
    ...named,
    entryPoints: [
      { in: engine, out: 'engine' },
      { in: LINK, out: 'link' },
    ],
    splitting: true,
    plugins: [webllmApart, ...plugins],
  })
  const [page, service, firstView] = await Promise.all([
    build({
      ...shared,
      ...named,
      entryPoints: [{ in: 'demo/main.tsx', out: 'index' }],
      splitting: true,
      jsx: 'automatic',
      jsxImportSource: 'preact',
      define: {
        ENGINE_URL: JSON.stringify(`./assets/${outputOf(worker.metafile, engine)}`),
        LINK_URL: JSON.stringify(`./assets/${outputOf(worker.metafile, LINK)}`),
      },
    }),
    // A classic script: not every browser supports modules as service workers.
    build({ ...shared, entryPoints: ['worker/service-worker.ts'], format: 'iife' }),
    // Classic, too: a module would wait for the first paint.
    build({ ...shared, ...named, entryPoints: ['demo/first-view.ts'], format: 'iife' }),
  ])
  cpSync(join(root, 'demo/public'), outDir, { recursive: true })
  copyFileSync(join(root, NOTICES), join(outDir, NOTICES))
  writeFileSync(join(outDir, 'index.html'), await pageHtml({ page, firstView }, options.build))
  const lines = writeClientLines(outDir)
  const used = [worker, page, service, firstView].flatMap(({ metafile }) =>
    Object.keys(metafile.inputs),
  )
  return {
    inputs: [...new Set([...used, ...lines, 'demo/index.html', 'demo/public/icon.svg'])],
    usesWebllm: importsWebllm(worker.metafile),
  }
}

/**
 * The name of web-llm's file. It holds a hash of what the file is made from, and not of the file, so that
 * the page can be built before web-llm has been installed.
 */
export function webllmFile() {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  const versions = ['@mlc-ai/web-llm', 'esbuild'].map((name) => {
    const { version, integrity } = packages[`node_modules/${name}`] ?? {}
    return `${name} ${version} ${integrity}`
  })
  const hash = createHash('sha256')
    .update([...versions, target].join('\n'))
    .digest('hex')
  return `web-llm-${hash.slice(0, 8)}.js`
}

/**
 * Builds web-llm's file, which a worker loads only for a model on the GPU, and beside it the same packed, which
 * the servers send: to pack 6 MB would keep them from all else for a moment.
 * @param {string} outDir the page's folder
 * @param {string[]} [packages] folders of packages, where those of the checkout lack it
 * @param {Record<string, string>} [others] as `PageOptions` has them
 */
export async function buildWebllm(outDir, packages = [], others = {}) {
  const { build } = await import('esbuild')
  const outfile = join(outDir, 'assets', webllmFile())
  await build({
    ...common,
    stdin: {
      contents: `export { MLCEngine } from '${WEBLLM}'`,
      resolveDir: root,
    },
    outfile,
    format: 'esm',
    nodePaths: packages,
    plugins: [withoutNode, replacing(others)],
    logLevel: 'error',
  })
  const packed = await promisify(gzip)(readFileSync(outfile), { level: 9 })
  writeFileSync(`${outfile}.gz`, packed)
}

const WEBLLM = '@mlc-ai/web-llm'

/** What web-llm asks for only where it finds itself on Node. @type {Plugin} */
const withoutNode = {
  name: 'without Node',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(?:crypto|fs|module|path|perf_hooks|url|ws)$/ }, ({ path }) => {
      return { path, namespace: 'without-node' }
    })
    onLoad({ filter: /./, namespace: 'without-node' }, () => ({ contents: 'module.exports = {}' }))
  },
}

/** Leaves web-llm out of the worker, which loads it from a file beside its own. @type {Plugin} */
const webllmApart = {
  name: 'web-llm apart',
  setup({ onResolve }) {
    onResolve({ filter: /^@mlc-ai\/web-llm$/ }, () => {
      return { path: `./${webllmFile()}`, external: true }
    })
  },
}

/** @param {import('esbuild').Metafile} metafile */
function importsWebllm({ outputs }) {
  return Object.values(outputs).some(({ imports }) =>
    imports.some(({ path }) => path.endsWith(webllmFile())),
  )
}

/**
 * Replaces files by the ends of their paths, and keeps style sheets: package.json lists what has side
 * effects in the package, which neither they nor the files of the tests are part of.
 * @param {Record<string, string>} files
 * @returns {Plugin}
 */
function replacing(files) {
  return {
    name: 'replaced files',
    setup({ onLoad, onResolve, resolve }) {
      onResolve({ filter: /\.css$/ }, async ({ path, resolveDir, kind, pluginData }) => {
        if (pluginData === 'resolved') return undefined
        const found = await resolve(path, { resolveDir, kind, pluginData: 'resolved' })
        return { ...found, sideEffects: true }
      })
      if (Object.keys(files).length === 0) return
      onLoad({ filter: /./ }, ({ path }) => {
        const plain = path.replaceAll('\\', '/')
        const [, file] = Object.entries(files).find(([end]) => plain.endsWith(end)) ?? []
        if (file === undefined) return undefined
        const contents = readFileSync(file, 'utf8')
        return { contents, resolveDir: dirname(file), loader: 'tsx' }
      })
    },
  }
}

/** The name of the file that was made from an entry. @param {import('esbuild').Metafile} metafile @param {string} entry */
function outputOf(metafile, entry) {
  const made = Object.entries(metafile.outputs).find(([, { entryPoint }]) => {
    return entryPoint !== undefined && join(root, entryPoint) === entry
  })
  if (made === undefined) throw new Error(`${entry}: esbuild wrote no file for it`)
  return basename(made[0])
}
