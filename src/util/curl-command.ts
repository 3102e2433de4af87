/**
 * A shell command that streams one answer from `origin`. Where an API key is required the command
 * takes it from `OPENAI_API_KEY`, the variable that OpenAI's own clients read.
 */
export function curlCommand(origin: string, model: string, requiresKey = false): string {
  const messages = [{ role: 'user', content: 'Hello!' }]
  const body = JSON.stringify({ model, stream: true, messages }).replaceAll("'", "'\\''")
  const key = requiresKey ? ' -H "authorization: Bearer $OPENAI_API_KEY"' : ''
  return `curl -N ${origin}/v1/chat/completions${key} -H 'content-type: application/json' -d '${body}'`
}
