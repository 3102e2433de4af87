/** What Ollama answers at `/`: programs look for it to learn whether Ollama runs. */

/** Ollama's answer, word for word (https://github.com/ollama/ollama/blob/v0.32.15/server/routes.go). */
export function ollamaGreeting(): Response {
  return new Response('Ollama is running', {
    headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
  })
}

/** Whether a request comes from the `ollama` command, `ollama-js` or `ollama-python`. */
export function isOllamaClient(headers: Headers): boolean {
  return /^ollama[-/]/i.test(headers.get('user-agent') ?? '')
}
