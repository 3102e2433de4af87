/**
 * A JSON response. Not `Response.json`, whose content type differs from runtime to runtime.
 */
export function jsonResponse(value: unknown, init: ResponseInit = {}): Response {
  const headers = {
    'content-type': 'application/json',
    ...(init.headers as Record<string, string>),
  }
  return new Response(JSON.stringify(value), { ...init, headers })
}
