// The size of an entry with all of its imports except web-llm, bundled and minified, and the same
// gzipped, as package sites state sizes.

import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { root } from './hosts.mjs'

/** @typedef {{ minified: number, gzip: number }} Size bytes */

/**
 * @param {string} entry below the repository's folder
 * @param {string[]} [conditions] of package.json's `exports`, as the entry's runtime sets them
 * @returns {Promise<Size>}
 */
export async function sizeOf(entry, conditions) {
  const { outputFiles } = await build({
    entryPoints: [join(root, entry)],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2024',
    conditions,
    external: ['@mlc-ai/web-llm'],
    logLevel: 'error',
  })
  const [file] = outputFiles
  if (file === undefined) throw new Error(`${entry}: esbuild wrote no bundle`)
  return {
    minified: file.contents.length,
    gzip: gzipSync(file.contents, { level: 9 }).length,
  }
}
