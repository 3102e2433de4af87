import type { Files } from '../host.ts'

/** Beside the build in a package; in a checkout where `npm run build` puts it. */
export const pageFolder = new URL(
  import.meta.url.endsWith('.ts') ? '../../dist/page/' : '../page/',
  import.meta.url,
)

/**
 * The page's files, as they lie on disk: only what the folder held at the first request is ever
 * opened, whatever a path says.
 */
export function pageFiles(): Files {
  let names: Promise<Set<string>> | undefined
  return async (name) => {
    names ??= list()
    if (!(await names).has(name)) return undefined
    const { readFile } = await fs()
    return new Uint8Array(await readFile(new URL(name, pageFolder)))
  }
}

/** Loaded when the page is asked for: it would cost every start some milliseconds. */
function fs() {
  return import('node:fs/promises')
}

async function list(): Promise<Set<string>> {
  const { readdir } = await fs()
  const folders = ['', 'assets/']
  const names = folders.map(async (folder) => {
    const entries = await readdir(new URL(folder, pageFolder)).catch(() => [])
    return entries.filter((name) => name.includes('.')).map((name) => folder + name)
  })
  return new Set((await Promise.all(names)).flat())
}
