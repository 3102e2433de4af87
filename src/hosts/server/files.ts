import type { Files } from '../../platform/files.ts'
import { encodeText } from '../../wire/sse/sse.ts'
import { isCheckout, openapiScript, pageFolders } from '../location.ts'

/**
 * The page's files from disk: only what the folders held at the first request is ever opened,
 * whatever a path says. In a checkout the API's description is made of its schemas when it is first
 * asked for, so that it is there without a build and never older than they are.
 */
export function pageFiles(): Files {
  let found: Promise<Map<string, URL>> | undefined
  let made: Promise<Record<string, string>> | undefined
  return async (name) => {
    if (isCheckout && /^openapi\.(json|html)$/.test(name)) {
      made ??= makeOpenapi()
      const text = (await made)[name]
      return text === undefined ? undefined : encodeText(text)
    }
    found ??= list()
    const url = (await found).get(name)
    if (url === undefined) return undefined
    const { readFile } = await fs()
    return new Uint8Array(await readFile(url))
  }
}

async function makeOpenapi(): Promise<Record<string, string>> {
  const script = (await import(openapiScript.href)) as { openapiFiles(): Record<string, string> }
  return script.openapiFiles()
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
