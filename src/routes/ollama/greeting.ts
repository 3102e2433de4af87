/** What Ollama answers at `/`: programs look for it to learn whether Ollama runs. */

/** Ollama's answer, word for word (https://github.com/ollama/ollama/blob/v0.32.15/server/routes.go). */
export function ollamaGreeting(): Response {
  return new Response('Ollama is running', {
    headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
  })
}

/** Whether a request comes from the `ollama` command, `ollama-js` or `ollama-python`. */
function isOllamaClient(headers: Headers): boolean {
  return /^ollama[-/]/i.test(headers.get('user-agent') ?? '')
}

const greeted = new WeakSet<Request>()

/** Has a request answered as Ollama does, by the route: host and origin are checked before it. */
export function greet(request: Request): void {
  greeted.add(request)
}

/** Whether a request for the page is answered as Ollama does. */
export function isGreeted(request: Request): boolean {
  return greeted.has(request) || isOllamaClient(request.headers)
}
