import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { root } from '../../scripts/hosts.mjs'

/** Bytes of the handler for the edge, without web-llm: bundled and minified, and that gzipped. */
export async function measureSize(): Promise<Record<string, number>> {
  const { outputFiles } = await build({
    entryPoints: [join(root, 'worker/edge.ts')],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2024',
    conditions: ['workerd', 'worker'],
    external: ['@mlc-ai/web-llm'],
    logLevel: 'error',
  })
  const [file] = outputFiles
  if (file === undefined) throw new Error('esbuild wrote no bundle')
  return {
    'size.minified': file.contents.length,
    'size.gzip': gzipSync(file.contents, { level: 9 }).length,
  }
}
