import type { Files } from '../../platform/files.ts'
import { pageFolders } from '../location.ts'

/**
 * The page's files, as they lie on disk: only what the folders held at the first request is ever
 * opened, whatever a path says.
 */
export function pageFiles(): Files {
  let found: Promise<Map<string, URL>> | undefined
  return async (name) => {
    found ??= list()
    const url = (await found).get(name)
    if (url === undefined) return undefined
    const { readFile } = await fs()
    return new Uint8Array(await readFile(url))
  }
}

/** Loaded when the page is asked for: it would cost every start some milliseconds. */
function fs() {
  return import('node:fs/promises')
}

async function list(): Promise<Map<string, URL>> {
  const { readdir } = await fs()
  const folders = pageFolders.toReversed().flatMap((folder) => [folder, new URL('assets/', folder)])
  const listed = await Promise.all(
    folders.map(async (folder) => {
      const entries = await readdir(folder).catch(() => [])
      const prefix = folder.pathname.endsWith('/assets/') ? 'assets/' : ''
      const names = entries.filter((name) => name.includes('.'))
      return names.map((name): [string, URL] => [prefix + name, new URL(name, folder)])
    }),
  )
  return new Map(listed.flat())
}
