/** What the status of an error means. */
export const errors: Record<number, string> = {
  400: 'A field is wrong: the message names it, what was expected and what was received. Or the engine refused the request.',
  401: 'The key is missing, wrong, expired or disabled.',
  403: 'The key may not use this model, or pages of this origin may not use the server.',
  404: 'There is no such route, model, response, stream or tab.',
  405: 'The route has other methods, which the header `allow` lists.',
  408: 'The body took longer than `--body-timeout` to arrive.',
  409: 'The request has ended already; or the stream still runs, where only the request that began it can follow it; or messages of a tab are missing.',
  410: 'Some of the events that were asked for are not stored any more; or the tab has to join anew.',
  413: 'The body is larger than `--max-body`.',
  415: 'The content type of the body is not `application/json`.',
  421: 'The request was addressed to a name that this server does not answer to.',
  426: 'The request asks for a WebSocket; only plain HTTP is served.',
  429: 'A rate limit of the key or of the upstream is exceeded; retry after `retry-after` seconds.',
  501: 'The engine cannot count the tokens of a prompt, and sluice does not estimate them; or this host can’t be asked by tabs.',
  502: 'The upstream failed, or sent an invalid answer.',
  503: 'No engine can answer now; retry after `retry-after` seconds.',
  504: 'The engine took longer than its deadline.',
  508: 'The request has passed this server before, or more than eight servers: an upstream of it leads back to it.',
  529: 'The upstream reports that it is overloaded.',
}

/** Errors of every route. */
const ANY = [403, 405, 421, 426, 508]

/** Errors of a route that needs a key. */
export const KEYED_ERRORS = [401, ...ANY]

/** Errors of a route that anyone may use. */
export const OPEN_ERRORS = ANY

/** Errors of a route with a body, whose request an engine answers. */
export const ENGINE_ERRORS = [400, ...KEYED_ERRORS, 404, 408, 413, 415, 429, 502, 503, 504, 529]
