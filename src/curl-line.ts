/** The command that streams one answer from `origin`, for a person to paste into a shell. */
export function curlLine(origin: string, model: string): string {
  const messages = [{ role: 'user', content: 'Hello!' }]
  const body = JSON.stringify({ model, stream: true, messages }).replaceAll("'", "'\\''")
  return `curl -N ${origin}/v1/chat/completions -H 'content-type: application/json' -d '${body}'`
}
