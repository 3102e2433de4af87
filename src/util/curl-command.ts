/**
 * The command that streams one answer from `origin`, for a person to paste into a shell; a key that
 * is wanted is taken from where OpenAI's clients look for it too.
 */
export function curlLine(origin: string, model: string, wantsKey = false): string {
  const messages = [{ role: 'user', content: 'Hello!' }]
  const body = JSON.stringify({ model, stream: true, messages }).replaceAll("'", "'\\''")
  const key = wantsKey ? ' -H "authorization: Bearer $OPENAI_API_KEY"' : ''
  return `curl -N ${origin}/v1/chat/completions${key} -H 'content-type: application/json' -d '${body}'`
}
