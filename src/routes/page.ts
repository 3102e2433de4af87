/** Serves the page's files, whose bytes a host provides. */
import type { Files } from '../platform/files.ts'
import { ApiError } from '../wire/errors/api-error.ts'
import { builtPacked, isPackable, packedFile, takesGzip, unpacked } from './packed-file.ts'
import { filePolicy } from './policy.ts'

const TYPES: Record<string, string> = {
  css: 'text/css; charset=utf-8',
  html: 'text/html; charset=utf-8',
  ico: 'image/x-icon',
  js: 'text/javascript; charset=utf-8',
  json: 'application/json',
  map: 'application/json',
  svg: 'image/svg+xml',
  txt: 'text/plain; charset=utf-8',
  wasm: 'application/wasm',
  webmanifest: 'application/manifest+json',
}

/** Chromium looks up the names of a page's links otherwise: a name in a model's link can hold words. */
const QUIET = { 'referrer-policy': 'no-referrer', 'x-dns-prefetch-control': 'off' }

/**
 * The file at a path, `/` being the page itself; undefined where there is none. It is packed if the `request`
 * takes that, and if its bytes are at hand: on workerd they are a stream, which Cloudflare packs itself.
 */
export async function fileResponse(
  files: Files | undefined,
  path: string,
  request?: Request,
): Promise<Response | undefined> {
  const name = path === '/' ? 'index.html' : path.slice(1)
  const found = files && (await readFor(request, files, name))
  if (found === undefined) return undefined
  const type = TYPES[name.slice(name.lastIndexOf('.') + 1)] ?? 'application/octet-stream'
  // Names below assets/ hold a hash of the file: it never changes.
  const isHashed = name.startsWith('assets/')
  return new Response(found.body, {
    headers: {
      'content-type': type,
      'cache-control': isHashed ? 'public, max-age=31536000, immutable' : 'no-cache',
      'content-security-policy': filePolicy(name),
      'x-content-type-options': 'nosniff',
      ...(isPackable(name) && { vary: 'accept-encoding' }),
      ...(found.isPacked && { 'content-encoding': 'gzip' }),
      ...(name.endsWith('.html') && QUIET),
    },
  })
}

interface Found {
  body: NonNullable<Awaited<ReturnType<Files>>>
  isPacked: boolean
}

async function readFor(
  request: Request | undefined,
  files: Files,
  name: string,
): Promise<Found | undefined> {
  const takes = request !== undefined && takesGzip(request)
  const bytes = await files(name)
  if (bytes !== undefined) {
    const isPacked = takes && bytes instanceof Uint8Array
    const packed = isPacked ? await packedFile(files, name, bytes) : undefined
    return { body: packed ?? bytes, isPacked: packed !== undefined }
  }
  const built = await builtPacked(files, name)
  if (built === undefined) return undefined
  const isPacked = takes && built instanceof Uint8Array
  return { body: isPacked ? built : unpacked(built), isPacked }
}

/** Only what describes the API. */
export function withoutPage(files: Files | undefined): Files | undefined {
  return files && (async (name) => (/^(?:openapi|icon)\./.test(name) ? files(name) : undefined))
}

/** The files of the page, for a handler that has it. */
export interface Page {
  fileResponse: typeof fileResponse
  withoutPage: typeof withoutPage
}

/** Throws the `ApiError` (404) for a file that every build has, where the host has no files. */
export function noFiles(path: string): never {
  const message = `${path}: the page's files were not built; start one of sluice's hosts with \`npm start\`, or run \`npm run build\`.`
  throw new ApiError(404, message, { code: 'not_found' })
}
