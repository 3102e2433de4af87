import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'
import { root } from '../../../scripts/hosts.mjs'

/** The unmodified `openai` SDK as one script that a page can run. */
export async function bundledSdk(): Promise<string> {
  const path = join(dirname(createRequire(import.meta.url).resolve('openai')), 'index.mjs')
  const { outputFiles } = await build({
    stdin: { contents: `export { default } from ${JSON.stringify(path)}`, resolveDir: root },
    bundle: true,
    format: 'iife',
    globalName: 'OpenAISdk',
    platform: 'browser',
    write: false,
    logLevel: 'error',
  })
  return outputFiles[0]?.text ?? ''
}
