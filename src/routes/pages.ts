/** The routes that people open in a browser. */
import { belowBase } from '../util/base-path.ts'
import { homePage } from './home.ts'
import { fileResponse, noFiles } from './page.ts'
import type { RouteHandler } from './route.ts'

/** `GET /`: the page; where it was not built, the same as `/status`. */
export const home: RouteHandler = async (request, trace, context) => {
  const { pathname, search } = new URL(request.url)
  // The page's links are relative.
  if (context.basePath !== '' && pathname === context.basePath) {
    return new Response(null, { status: 308, headers: { location: `${pathname}/${search}` } })
  }
  return (await fileResponse(context.files, '/')) ?? status(request, trace, context)
}

/** `GET /status`: the engines and models that the caller may learn of. */
export const status: RouteHandler = async (request, _trace, context) => {
  const { guard, catalog, hostName, basePath } = context
  const viewer = await guard.findCaller(request)
  const all = viewer && (await catalog.status())
  const found = all?.map(({ models, ...engine }) => {
    return { ...engine, models: models.filter((id) => viewer?.mayUseModel?.(id) ?? true) }
  })
  return homePage(found, new URL(request.url).origin, basePath, hostName)
}

/** `GET /openapi.json`. Rejects with an `ApiError` (404) where it was not built. */
export const openapi: RouteHandler = async (request, trace, context) => {
  const response = await openapiPage(request, trace, context)
  if (context.basePath === '') return response
  const document = (await response.json()) as { servers: { url: string }[] }
  for (const server of document.servers) server.url = `${context.basePath}/`
  return new Response(JSON.stringify(document), { headers: response.headers })
}

/** `GET /openapi.html`. Rejects with an `ApiError` (404) where it was not built. */
export const openapiPage: RouteHandler = async ({ url }, _trace, { files, basePath }) => {
  const path = belowBase(new URL(url).pathname, basePath)
  return (await fileResponse(files, path)) ?? noFiles(path)
}
