/** The routes that people open in a browser. */
import { modelHealthOf } from '../engines/health.ts'
import { belowBase } from '../util/base-path.ts'
import { CURRENT } from './health.ts'
import { homePage } from './home.ts'
import type { LeftOut } from './left-out.ts'
import { fileResponse, noFiles } from './page.ts'
import { type PageProgress, pageProgress } from './page-progress.ts'
import type { RouteContext, RouteHandler } from './route.ts'

/** `GET /`: the page; where it was not built, the same as `/status`. To Ollama’s clients, its greeting. */
export const home: RouteHandler = async (request, _trace, context) => {
  const { pathname, search } = new URL(request.url)
  const greeted = context.greeting?.(request)
  if (greeted !== undefined) return greeted
  // The page's links are relative.
  if (context.basePath !== '' && pathname === context.basePath) {
    return new Response(null, { status: 308, headers: { location: `${pathname}/${search}` } })
  }
  const page = await fileResponse(context.files, '/', request)
  if (page !== undefined) return page
  const isBrowser = request.headers.get('accept')?.includes('text/html')
  const progress = isBrowser ? await pageProgress(context.files) : undefined
  return statusWith(progress, request, context)
}

/** `GET /status`: the models that the caller may use; to an admin, the engines instead. */
export const status: RouteHandler = (request, _trace, context) =>
  statusWith(undefined, request, context)

async function statusWith(
  progress: PageProgress | undefined,
  request: Request,
  context: RouteContext,
): Promise<Response> {
  const { guard, catalog, pool, router, hostName, basePath } = context
  const caller = await guard.findCaller(request)
  const engines = caller && (await catalog.status(CURRENT))
  const view = {
    origin: new URL(request.url).origin,
    basePath,
    isServed: (path: string) => !context.leftOut?.partAt(path),
    needsKey: caller === undefined || caller.name !== '',
    progress,
  }
  if (caller?.isAdmin) return homePage({ ...view, engines, hostName })
  const models = caller && modelHealthOf(catalog, pool, router, caller.mayUseModel, caller)
  return homePage({ ...view, models })
}

const OPENAPI = '/openapi.json'

/** `GET /openapi.json`. Rejects with an `ApiError` (404) where it was not built. */
export const openapi: RouteHandler = async (request, _trace, context) => {
  const { basePath, files, leftOut } = context
  if (basePath === '' && leftOut === undefined) return builtFile(request, context)
  const response = (await fileResponse(files, OPENAPI)) ?? noFiles(OPENAPI)
  const document = (await response.json()) as Described
  for (const server of document.servers) server.url = `${basePath}/`
  if (leftOut) document.paths = servedPaths(document.paths, leftOut)
  return new Response(JSON.stringify(document), { headers: response.headers })
}

/** Those of the parts that the handler has. */
function servedPaths(paths: Described['paths'], leftOut: LeftOut): Described['paths'] {
  return Object.fromEntries(
    Object.entries(paths).filter(([path]) => leftOut.partAt(path) === undefined),
  )
}

/** What depends on the handler, of the API's description. */
interface Described {
  servers: { url: string }[]
  paths: Record<string, unknown>
}

/**
 * `GET /openapi.html`. Rejects with an `ApiError` (404) where it was not built. It describes all parts: a handler
 * without some has only the document.
 */
export const openapiPage: RouteHandler = async (request, _trace, context) => {
  if (context.leftOut === undefined) return builtFile(request, context)
  return new Response(null, { status: 307, headers: { location: context.basePath + OPENAPI } })
}

async function builtFile(request: Request, { files, basePath }: RouteContext): Promise<Response> {
  const path = belowBase(new URL(request.url).pathname, basePath)
  return (await fileResponse(files, path, request)) ?? noFiles(path)
}
