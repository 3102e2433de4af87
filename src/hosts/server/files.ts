import type { Files } from '../../platform/files.ts'
import { encodeText } from '../../wire/sse/sse.ts'
import { isCheckout, openapiScript, pageFolders } from '../location.ts'

/**
 * The page's files from disk. A request can open only the files that the folders held at the first
 * request, so that no path leads out of them. In a checkout the OpenAPI description is made from the
 * schemas when it is first requested, so that it needs no build and is always current.
 */
export function pageFiles(): Files {
  let listed: Promise<Map<string, URL>> | undefined
  let openapi: Promise<Record<string, string>> | undefined
  return async (name) => {
    if (isCheckout && /^openapi\.(json|html|css)$/.test(name)) {
      openapi ??= makeOpenapi()
      const text = (await openapi)[name]
      return text === undefined ? undefined : encodeText(text)
    }
    listed ??= list()
    const url = (await listed).get(name)
    if (url === undefined) return undefined
    const { readFile } = await fs()
    return new Uint8Array(await readFile(url))
  }
}

async function makeOpenapi(): Promise<Record<string, string>> {
  const script = (await import(openapiScript.href)) as { openapiFiles(): Record<string, string> }
  return script.openapiFiles()
}

/** Imported when the page is first requested: loading it would delay every start. */
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
