/** What the statuses of refusals mean. */
export const errors: Record<number, string> = {
  400: 'A field is wrong: the message names it, what came and what was expected. Or the engine refused the request.',
  401: 'The key is missing, wrong, expired or switched off.',
  403: 'The key may not ask this model, or the page of this origin may not ask at all.',
  404: 'There is no such route, model or response.',
  405: 'The route takes other methods, which `allow` lists.',
  408: 'The body took longer than `--body-timeout` to come.',
  413: 'The body is larger than `--max-body`.',
  415: 'The body is not called `application/json`.',
  421: 'The request was addressed to a name that this server does not answer to.',
  426: 'The request asks for a WebSocket; only plain HTTP is served.',
  429: 'A limit of the key, or of the upstream, is used up; `retry-after` says for how long.',
  501: 'The engine does not tell how many tokens a prompt has, and none is guessed.',
  502: 'The upstream failed, or sent what is no answer.',
  503: 'No engine can answer now; `retry-after` says when to ask again.',
  504: 'The engine took longer than its deadline.',
  508: 'The request has passed this server before, or more than eight others: an upstream leads back to it.',
  529: 'The upstream says that it is overloaded.',
}

/** Of any request. */
const ANY = [403, 405, 421, 426, 508]

/** Of a route that wants a key. */
export const KEYED_ERRORS = [401, ...ANY]

/** Of a route that anyone may ask. */
export const OPEN_ERRORS = ANY

/** Of a request with a body, which an engine answers. */
export const ENGINE_ERRORS = [400, ...KEYED_ERRORS, 404, 408, 413, 415, 429, 502, 503, 504, 529]
