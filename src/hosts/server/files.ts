import type { Files } from '../../platform/files.ts'
import { PAGE_SERVER } from '../../settings/environment.ts'
import { encodeText } from '../../wire/sse/sse.ts'
import { isCheckout, openapiScript, pageFolders } from '../location.ts'

/**
 * The page's files from disk. A request can open only the files that the folders held at the first
 * request, so that no path leads out of them. In a checkout the OpenAPI description is made from the
 * schemas when it is first requested, so that it needs no build and is always current.
 */
export function pageFiles(): Files {
  const files = filesOnDisk()
  const lender = process.env[PAGE_SERVER]
  return lender === undefined ? files : lentFiles(lender, files)
}

/**
 * The page as `npm start` lends it from another process, which builds it anew where a source has changed.
 * Before the first build, or after one that failed, files of an earlier \`npm run build\` are not served in its
 * place: they would be those of other sources.
 */
function lentFiles(lender: string, files: Files): Files {
  return async (name) => {
    if (OPENAPI.test(name)) return files(name)
    // Its names hold no more, so no path of a request leads elsewhere.
    if (!/^[\w./-]+$/.test(name)) return undefined
    const response = await fetch(`${lender}/${name}`).catch(() => undefined)
    if (response?.ok) return new Uint8Array(await response.arrayBuffer())
    await response?.body?.cancel()
    return undefined
  }
}

const OPENAPI = /^openapi\.(json|html|css)$/

function filesOnDisk(): Files {
  let listed: Promise<Map<string, URL>> | undefined
  let openapi: Promise<Record<string, string>> | undefined
  return async (name) => {
    if (isCheckout && OPENAPI.test(name)) {
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
