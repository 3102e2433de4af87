/** The field `doc_url` of an error: the address of what is said about its code. */

const PAGE = /^https?:\/\/[^/\s]+(?:\/[\w-]+)*\/docs\/errors\/(\w+)$/

/** What is wrong with the field; undefined where nothing is, as where a server's own code has none. */
export function docUrlProblem(error: object): string | undefined {
  const { code, doc_url: url } = error as { code?: unknown; doc_url?: unknown }
  if (url === undefined) return undefined
  const [, explained] = PAGE.exec(String(url)) ?? []
  return explained === code ? undefined : `a doc_url that does not fit: ${JSON.stringify(error)}`
}

/** The error without the field, for what is compared with all of an error. Throws where it does not fit. */
export function withoutDocUrl<E extends object>(error: E): E {
  const problem = docUrlProblem(error)
  if (problem !== undefined) throw new Error(problem)
  const { doc_url, ...rest } = error as E & { doc_url?: unknown }
  return rest as unknown as E
}
