// The page and its service worker, built into one folder that any web server can serve.

import { join } from 'node:path'
import { binaryOf, root } from './hosts.mjs'
import { capture } from './process.mjs'

/**
 * Builds the page into `outDir`. `engine` replaces worker/engine.ts, for tests.
 * @param {string} outDir
 * @param {string} [engine]
 */
export async function buildPage(outDir, engine) {
  const { build } = await import('vite')
  await build({
    root: join(root, 'demo'),
    configFile: join(root, 'vite.config.ts'),
    logLevel: 'warn',
    build: { outDir, emptyOutDir: true },
    ...(engine && {
      plugins: [replaceEngine(engine)],
      worker: { plugins: () => [replaceEngine(engine)] },
    }),
  })
  capture(binaryOf('node'), ['scripts/openapi/main.ts', outDir])
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

/** @param {string} engine @returns {import('vite').Plugin} */
function replaceEngine(engine) {
  return {
    name: 'replaced-engine',
    enforce: 'pre',
    // package.json lists no file of the tests as one with side effects.
    resolveId: (id) => (id === engine ? { id, moduleSideEffects: true } : undefined),
    load: (id) =>
      id.split('?')[0]?.endsWith('/worker/engine.ts')
        ? `import ${JSON.stringify(engine)}`
        : undefined,
  }
}
