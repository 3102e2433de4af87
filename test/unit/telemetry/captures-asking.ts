/** A handler whose upstream is a function, and the captures that it made. */
import { createHostedHandler } from '../../../src/handler.ts'
import type { HandlerHost } from '../../../src/options.ts'
import type { Fetch } from '../../../src/platform/fetch.ts'
import { parseRecording } from '../../../src/recording/recording.ts'
import type { SettingsInput } from '../../../src/settings/settings.ts'
import { recordingText } from '../../../src/telemetry/captures/recorded.ts'
import { Telemetry } from '../../../src/telemetry/telemetry.ts'

export const UPSTREAM_KEY = 'sk-of-the-server-0123'
export const ADDRESS = '10.9.8.7:1234'

const frame = (delta: object, finish_reason: string | null = null) =>
  `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason }] })}\n\n`

export const STREAM = [
  frame({ role: 'assistant', content: 'Grüße' }),
  frame({ content: ' b' }),
  frame({}, 'stop'),
  'data: [DONE]\n\n',
]

export const COMPLETION = {
  id: 'c1',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'abc' }, finish_reason: 'stop' }],
}

export const CHAT = { model: 'm', stream: true, messages: [{ role: 'user', content: 'hi' }] }

/** Answers every request but the list of models. */
export function upstream(
  answer: (body: string, url: string) => Response | Promise<Response>,
): Fetch {
  return async (url, { body }) => {
    if (url.endsWith('/models')) return Response.json({ data: [{ id: 'm', object: 'model' }] })
    return answer(typeof body === 'string' ? body : new TextDecoder().decode(body), url)
  }
}

export function streamOf(packets: readonly (string | Uint8Array)[], type = 'text/event-stream') {
  const rest = packets.map((each) =>
    typeof each === 'string' ? new TextEncoder().encode(each) : each,
  )
  const body = new ReadableStream({
    async pull(controller) {
      const next = rest.shift()
      if (next) controller.enqueue(next)
      else controller.close()
    },
  })
  return new Response(body, { headers: { 'content-type': type } })
}

/** A handler with captures. `told`: what it tells the person who runs it. */
export function capturing(
  settings: SettingsInput,
  fetch: Fetch = upstream(() => streamOf(STREAM)),
  host: HandlerHost = {},
) {
  const told: string[] = []
  const telemetry = new Telemetry()
  telemetry.captures.tell = (line) => void told.push(line)
  const handler = createHostedHandler(
    { upstream: [`gpu=http://${ADDRESS}/v1`], upstreamKey: [UPSTREAM_KEY], ...settings },
    { exposure: 'machine', name: 'test', fetch, telemetry, ...host },
  )
  const { captures } = telemetry
  return {
    handler,
    captures,
    telemetry,
    told,
    post: (path: string, body: unknown, headers: Record<string, string> = {}) =>
      handler.fetch(
        new Request(`http://localhost${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          body:
            typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
        } as RequestInit),
      ),
    get: (path: string, method = 'GET') =>
      handler.fetch(new Request(`http://localhost${path}`, { method })),
    /** The recording of one side of the newest capture. */
    recorded(side: 'client' | 'engine' = 'client') {
      const [newest] = captures.all
      if (newest === undefined) throw new Error('nothing was captured')
      const text = recordingText(newest, side, 'sluice 0 on test')
      return { text: text ?? '', ...parseRecording(text ?? '') }
    },
  }
}

export function textOf(packets: readonly { bytes: Uint8Array }[]): string {
  return Buffer.concat(packets.map(({ bytes }) => bytes)).toString()
}
