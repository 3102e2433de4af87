// Where a file of the repository is on the site.

import { existsSync, statSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository's folder, absolute. */
export const root = findRoot(dirname(fileURLToPath(import.meta.url)))

/** VitePress bundles its configuration into a file elsewhere, so the way up is not fixed. */
function findRoot(folder: string): string {
  if (existsSync(join(folder, 'docs/.vitepress/package.json'))) return folder
  return findRoot(dirname(folder))
}

/**
 * The path of a page on the site, still with `.md`: `docs/keys.md` is `keys.md`, `SECURITY.md` is
 * `security.md`, and the README of a folder has the folder's name.
 */
export function sitePath(file: string): string {
  if (file.startsWith('docs/')) return file.slice('docs/'.length)
  if (file === 'examples/README.md') return 'examples/index.md'
  return file.replace(/\/(?:README|RESULTS)\.md$/, '.md').toLowerCase()
}

/** Files that are served as they are; the others are text, which no browser should download. */
const SERVED = /\.(?:png|svg|webp|avif|jpg|json|txt)$/

/** The path on the site of a file that is no page, such as the source of an example. */
export function assetPath(file: string): string {
  const path = file.replace(/^docs\//, '')
  return SERVED.test(path) ? path : `${path}.txt`
}

export interface Target {
  kind: 'page' | 'asset'
  /** The repository's file. */
  file: string
  hash: string
}

/**
 * What a link of a Markdown file leads to, or undefined for one that leaves the repository.
 * @throws for a file that is not there
 */
export function resolveLink(from: string, link: string): Target | undefined {
  if (/^(?:[a-z][a-z0-9+.-]*:|\/\/|#)/i.test(link)) return undefined
  const [path = '', ...rest] = link.split('#')
  const hash = rest.length > 0 ? `#${rest.join('#')}` : ''
  const named = posix.join(posix.dirname(from), decodeURIComponent(path)).replace(/\/$/, '')
  const file = isFolder(named) ? posix.join(named, 'README.md') : named
  if (file.startsWith('..') || !existsSync(join(root, file))) {
    throw new Error(
      `${from}: the link ${link} leads to ${file}, and there is no such file; correct the link.`,
    )
  }
  return { kind: file.endsWith('.md') ? 'page' : 'asset', file, hash }
}

function isFolder(file: string): boolean {
  return statSync(join(root, file), { throwIfNoEntry: false })?.isDirectory() ?? false
}
