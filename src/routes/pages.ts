/** The routes that people open in a browser. */
import { homePage } from './home.ts'
import { fileResponse, noFiles } from './page.ts'
import type { RouteHandler } from './route.ts'

/** `GET /`: the page; where it was not built, the same as `/status`. */
export const home: RouteHandler = async (request, trace, context) => {
  return (await fileResponse(context.files, '/')) ?? status(request, trace, context)
}

/** `GET /status`: the engines and models that the caller may learn of. */
export const status: RouteHandler = async (request, _trace, { guard, catalog, hostName }) => {
  const viewer = await guard.viewer(request)
  const all = viewer && (await catalog.look())
  const found = all?.map(({ models, ...engine }) => {
    return { ...engine, models: models.filter((id) => viewer?.mayUse?.(id) ?? true) }
  })
  return homePage(found, new URL(request.url).origin, hostName)
}

/** `GET /openapi.json`. Rejects with an `ApiError` (404) where it was not built. */
export const openapi: RouteHandler = async ({ url }, _trace, { files }) => {
  const { pathname } = new URL(url)
  return (await fileResponse(files, pathname)) ?? noFiles(pathname)
}

/** `GET /openapi.html` */
export const openapiPage = openapi
