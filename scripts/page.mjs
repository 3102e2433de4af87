// The page and its service worker, built into one folder that any web server can serve.

import { join } from 'node:path'
import { writeClientLines } from './client-lines.mjs'
import { binaryOf, root } from './hosts.mjs'
import { capture } from './process.mjs'

/**
 * Builds the page into `outDir`. `engine` replaces worker/engine.ts, for tests, and `others` more files,
 * by the ends of their paths.
 * @param {string} outDir
 * @param {string} [engine]
 * @param {Record<string, string>} [others]
 */
export async function buildPage(outDir, engine, others = {}) {
  const replaced = Object.entries({ ...(engine && { '/worker/engine.ts': engine }), ...others })
  const { build } = await import('vite')
  await build({
    root: join(root, 'demo'),
    configFile: join(root, 'vite.config.ts'),
    logLevel: 'warn',
    build: { outDir, emptyOutDir: true },
    ...(replaced.length > 0 && {
      plugins: replaced.map(replaceFile),
      worker: { plugins: () => replaced.map(replaceFile) },
    }),
  })
  capture(binaryOf('node'), ['scripts/openapi/main.ts', outDir])
  writeClientLines(outDir)
  const { build: bundle } = await import('esbuild')
  await bundle({
    absWorkingDir: root,
    entryPoints: ['worker/service-worker.ts'],
    outfile: join(outDir, 'service-worker.js'),
    bundle: true,
    minify: true,
    // A classic script: not every browser supports modules as service workers.
    format: 'iife',
    target: 'es2022',
  })
}

/** @param {[string, string]} replacement @returns {import('vite').Plugin} */
function replaceFile([end, file]) {
  return {
    name: `replaced ${end}`,
    enforce: 'pre',
    // package.json lists no file of the tests as one with side effects.
    resolveId: (id) => (id === file ? { id, moduleSideEffects: true } : undefined),
    load: (id) =>
      // With `?worker&url` it is the URL of a worker that is asked for.
      id.split('?')[0]?.endsWith(end) && !id.includes('&url')
        ? `import ${JSON.stringify(file)}; export * from ${JSON.stringify(file)}`
        : undefined,
  }
}
