/** The answer where Ollama's API has no such route. */
import type { RouteEntry } from 'itty-router'
import { closestMatches } from '../../util/closest-matches.ts'
import { ApiError } from '../../wire/errors/api-error.ts'

/** For a path below `/api`, where Ollama's clients look. */
export function noOllamaRoute(
  method: string,
  path: string,
  basePath: string,
  routes: RouteEntry[],
): ApiError {
  const known = new Map<string, string>()
  for (const [of, , , route = ''] of routes) {
    const at = route.lastIndexOf('/api/')
    const name = route.slice(at + '/api/'.length)
    if (at !== -1 && of !== 'HEAD' && /^\w+$/.test(name)) known.set(name, of)
  }
  const near = closestMatches(path.slice('/api/'.length), known.keys())
  const shown = (near.length > 0 ? near : ['chat', 'tags']).map((name) => {
    return `${known.get(name)} ${basePath}/api/${name}`
  })
  const hint =
    near.length > 0 ? `did you mean ${shown.join(' or ')}?` : `use ${shown.join(' or ')}.`
  const message = `path: there is no route ${method} ${basePath}${path}; ${hint} docs/ollama.md lists the routes of Ollama's API; the other APIs are below ${basePath}/v1.`
  return new ApiError(404, message, { code: 'not_found' })
}
