/** What Ollama answers at `/`: programs look for it to learn whether Ollama runs. */

/** Ollama's answer, word for word (https://github.com/ollama/ollama/blob/v0.32.15/server/routes.go). */
function ollamaGreeting(): Response {
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

/** Answers a request for `/`; undefined where it is none of an Ollama client. */
export function greeting(request: Request): Response | undefined {
  return greeted.has(request) || isOllamaClient(request.headers) ? ollamaGreeting() : undefined
}

export type Greeting = typeof greeting
