/**
 * A JSON response. Not `Response.json`, whose content type differs from runtime to runtime.
 */
export function jsonResponse(value: unknown, init: ResponseInit = {}): Response {
  return jsonTextResponse(JSON.stringify(value), init)
}

/** The same for JSON that is written already. */
export function jsonTextResponse(text: string, init: ResponseInit = {}): Response {
  const headers = {
    'content-type': 'application/json',
    ...(init.headers as Record<string, string>),
  }
  return new Response(text, { ...init, headers })
}
