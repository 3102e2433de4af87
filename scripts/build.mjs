// `npm run build`: src as .js and .d.ts into dist/, the workers as one bundled file each, and the page.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundleCommand } from './bundle.mjs'
import { binaryOf, root } from './hosts.mjs'
import { installAll } from './install.mjs'
import { buildPage } from './page.mjs'
import { capture } from './process.mjs'

installAll()
rmSync(join(root, 'dist'), { recursive: true, force: true })
try {
  capture(binaryOf('node'), ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'])
} catch (error) {
  console.error(/** @type {{ stdout?: string }} */ (error).stdout ?? error)
  process.exit(1)
}

// For editors, where a settings file names it as its "$schema".
const schema = capture(binaryOf('node'), ['dist/cli/sluice.js', 'schema'])
writeFileSync(join(root, 'dist/sluice.schema.json'), schema)

// In its place, so that the command starts from few files; programs that import the package have the others.
bundleCommand(join(root, 'dist/hosts/start.js'))

const { build } = await import('esbuild')
const { edgeChat } = await import('./edge-chat.mjs')
const { withoutHelp } = await import('./without-help.mjs')
/** @type {import('esbuild').BuildOptions & { write: false }} */
const edges = {
  absWorkingDir: root,
  outdir: 'dist/worker',
  write: false,
  // Workers parse it at every start, so it is small. Names are kept for the stacks of errors.
  minifyWhitespace: true,
  minifySyntax: true,
  // Every module is strict already: esbuild would write "use strict" into each of 130 modules.
  tsconfigRaw: { compilerOptions: { alwaysStrict: false, verbatimModuleSyntax: true } },
}
const built = [
  await build({
    ...edges,
    entryPoints: ['worker/edge.ts'],
    bundle: true,
    format: 'esm',
    target: 'es2024',
    conditions: ['workerd', 'worker'],
    plugins: [withoutHelp],
  }),
  await build({ ...edgeChat, ...edges }),
]
mkdirSync(join(root, 'dist/worker'), { recursive: true })
for (const { path, text } of built.flatMap(({ outputFiles }) => outputFiles)) {
  writeFileSync(path, shortened(text))
}
await build({
  absWorkingDir: root,
  entryPoints: ['worker/engine.ts'],
  outfile: 'dist/worker/engine.js',
  bundle: true,
  format: 'esm',
  target: 'es2024',
  external: ['@mlc-ai/web-llm'],
})
await buildPage(join(root, 'dist/page'))
const types = `declare const worker: {
  fetch(request: Request, env: Record<string, unknown>, context?: unknown): Promise<Response>
}
export default worker

interface DurableObjectState {
  readonly id: object
  readonly storage: object
  waitUntil(promise: Promise<unknown>): void
}

/** A Durable Object with SQLite, to be bound as KEY_LIMITS. */
export declare class KeyLimits {
  constructor(state: DurableObjectState, env: unknown)
  fetch(request: Request): Promise<Response>
  alarm(): Promise<void>
}
`
writeFileSync(join(root, 'dist/worker/edge-chat.d.ts'), types)
writeFileSync(
  join(root, 'dist/worker/edge.d.ts'),
  `${types}
/** Durable Objects with SQLite, to be bound as STORED_RESPONSES, STREAM_RUNS and TABS. */
export declare class StoredResponses extends KeyLimits {}
export declare class StreamRun extends KeyLimits {}
export declare class BrowserTabs {
  constructor(state: DurableObjectState, env: unknown)
  fetch(request: Request): Promise<Response>
}
`,
)

/**
 * Shortens what esbuild adds to each module that is loaded later: its path, for profilers alone, and
 * the name of the function that runs it. That is 10 kB in 400.
 * @param {string} text
 */
function shortened(text) {
  /** @type {Map<string, string>} */
  const names = new Map()
  return text.replaceAll(/__esm\(\{"[^"]+"\(/g, '__esm({_(').replaceAll(/\binit_\w+/g, (name) => {
    const short = names.get(name) ?? `$${names.size}`
    names.set(name, short)
    return short
  })
}
