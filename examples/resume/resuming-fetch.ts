/** What ends a stream: events of OpenAI's and Anthropic's APIs, lines of Ollama's. */
const LAST =
  /^(?:data: ?(?:\[DONE\]|\{"error":)|event: ?(?:message_stop|error|response\.(?:completed|incomplete|failed)$)|\{"error":|\{.*"done":true,"(?:done_reason|total_duration)":)/m

/** A line that keeps a connection open, and has no number. */
const HEARTBEAT = /"created_at":"1970-01-01T00:00:00Z"/

/**
 * `fetch` for the APIs of sluice: a stream whose connection is lost goes on where it ended, and whoever reads
 * it does not notice. An abort, or a reader that leaves, stops the model.
 */
export async function resumingFetch(input: string | URL | Request, init?: RequestInit) {
  const asked = new Request(input, init)
  asked.headers.set('x-sluice-resume', '1')
  const response = await fetch(asked)
  const address = response.headers.get('x-sluice-resume')
  if (address === null) return response
  const url = new URL(address, asked.url)
  const stop = () =>
    void fetch(url, { method: 'DELETE', headers: asked.headers }).catch(() => undefined)
  asked.signal.addEventListener('abort', stop)
  const events = eventsOf(response, url, asked)
  const pull = async (body: ReadableStreamDefaultController<Uint8Array>) => {
    const { done, value } = await events.next()
    if (!done) return body.enqueue(new TextEncoder().encode(value))
    asked.signal.removeEventListener('abort', stop)
    body.close()
  }
  return new Response(new ReadableStream({ pull, cancel: stop }), response)
}

async function* eventsOf(first: Response, url: URL, { headers, signal }: Request) {
  const end = first.headers.get('content-type')?.includes('event-stream') ? '\n\n' : '\n'
  let response: Response | undefined = first
  for (let last = -1, pause = 500; ; pause = Math.min(pause * 2, 15_000)) {
    try {
      let rest = ''
      for await (const text of response?.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        const events: string[] = (rest + text).split(end)
        rest = events.pop() ?? ''
        for (const event of events) {
          if (end === '\n') last += Number(!HEARTBEAT.test(event))
          else last = Number(/^id: ?(\d+)$/m.exec(event)?.[1] ?? last)
          pause = 500
          yield event + end
          if (LAST.test(event)) return
        }
      }
    } catch {
      // The connection is lost.
    }
    await new Promise((resolve) => setTimeout(resolve, pause))
    signal.throwIfAborted()
    if (last >= 0) url.searchParams.set('starting_after', `${last}`)
    response = await fetch(url, { headers, signal }).catch(() => undefined)
    // All was read; or there is no such stream any more. 409: another request still holds it.
    if (response?.status === 204) return
    if (response && /^4(?!09|29)/.test(`${response.status}`)) throw new Error(await response.text())
    if (!response?.ok) response = undefined
  }
}
