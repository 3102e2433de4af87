/** A request as a shell command says it. */
export interface CurlRequest {
  url: string
  method?: string
  /** JSON. */
  body?: string | undefined
  /** Takes the key from `OPENAI_API_KEY`, the variable that OpenAI's own clients read. */
  requiresKey?: boolean
  /** Whether the answer is shown as it arrives. */
  streamed?: boolean
}

/** A shell command that sends a request. */
export function curlFor(request: CurlRequest): string {
  const { url, body, requiresKey = false, streamed = true } = request
  const method = request.method ?? (body === undefined ? 'GET' : 'POST')
  const isUsual = method === (body === undefined ? 'GET' : 'POST')
  return [
    'curl',
    streamed && '-N',
    !isUsual && `-X ${quoted(method)}`,
    quoted(url),
    requiresKey && '-H "authorization: Bearer $OPENAI_API_KEY"',
    body !== undefined && `-H 'content-type: application/json' -d '${escaped(body)}'`,
  ]
    .filter(Boolean)
    .join(' ')
}

/**
 * A shell command that streams one answer from `origin`. Where an API key is required the command
 * takes it from `OPENAI_API_KEY`.
 */
export function curlCommand(origin: string, model: string, requiresKey = false): string {
  const messages = [{ role: 'user', content: 'Hello!' }]
  const body = JSON.stringify({ model, stream: true, messages })
  return curlFor({ url: `${origin}/v1/chat/completions`, body, requiresKey })
}

/** A word of a shell command, in quotes only where it needs them. */
function quoted(word: string): string {
  return /^[\w./:@%+,=-]+$/.test(word) ? word : `'${escaped(word)}'`
}

function escaped(text: string): string {
  return text.replaceAll("'", "'\\''")
}
