import { createHostedHandler } from '../../../src/handler.ts'
import type { LogEntry } from '../../../src/platform/log.ts'
import { requireEqual, requireThat, shown } from '../equal.ts'
import { target } from '../target.ts'
import { answerOf, bodyOf, type UpstreamAnswer } from './answer.ts'
import { type UpstreamsInput, upstreamsInput } from './generate.ts'
import { type ClientRead, readAs } from './read.ts'
import type { Api } from './said.ts'

export const upstreams = target({
  name: 'upstreams',
  about:
    'answers of upstreams in each API, to clients of each API (createHandler with a fetch of its own): one outcome, by judges of their own, with the text that was said',
  short: 1_000,
  input: upstreamsInput,
  check: checkUpstreams,
})

const tool = { name: 'f', description: 'x' }
const parameters = { type: 'object', properties: {} }
const messages = [{ role: 'user', content: 'Go.' }]

const REQUESTS: Record<Api, { path: string; body: object }> = {
  chat: {
    path: '/v1/chat/completions',
    body: { messages, tools: [{ type: 'function', function: { ...tool, parameters } }] },
  },
  completions: { path: '/v1/completions', body: { prompt: 'Go.' } },
  messages: {
    path: '/v1/messages',
    body: { messages, max_tokens: 9, tools: [{ ...tool, input_schema: parameters }] },
  },
  responses: {
    path: '/v1/responses',
    body: { input: 'Go.', tools: [{ type: 'function', ...tool, parameters, strict: null }] },
  },
}

async function checkUpstreams(input: UpstreamsInput): Promise<void> {
  const answer = answerOf(input)
  const { response, log, signal } = await ask(input, answer)
  const type = response.headers.get('content-type') ?? ''
  if (!type.startsWith('text/event-stream')) return checkJson(response, log)
  requireThat(input.stream, 'a stream that was not asked for')
  const { asked, usage } = input
  const read = await readAs(asked, response, { usage, isNative: isNative(input) })
  const told = () => `${shown({ ...read, raw: read.raw.slice(-1_000) })}`
  // A forwarded stream may break rules that its client's library does not need.
  if (!isNative(input) || (answer.isWhole && isExpected(input)))
    requireEqual(read.problems, [], `problems of ${told()}`)
  requireThat(read.outcome !== 'truncated', () => `no outcome: ${told()}`)
  requireEqual(
    log.map(({ outcome }) => outcome),
    [read.outcome],
    `the log's outcome of ${told()}`,
  )
  requireThat(read.error !== 'internal_error', () => `an error of sluice's own: ${told()}`)
  if (read.outcome === 'failed')
    requireThat(signal()?.aborted === true, 'the upstream was not stopped')
  checkText(input, answer, read, told)
}

/** Whether the upstream's events are forwarded in the API in which they came. */
function isNative({ asked, isNative: has }: UpstreamsInput): boolean {
  return has && (asked === 'messages' || asked === 'responses')
}

/** Whether the upstream answers in the API in which it is asked. */
function isExpected(input: UpstreamsInput): boolean {
  const { asked, answers } = input
  return answers === (asked === 'completions' || isNative(input) ? asked : 'chat')
}

async function ask(input: UpstreamsInput, { packets }: UpstreamAnswer) {
  const log: LogEntry[] = []
  let signal: AbortSignal | undefined
  const limit = input.ending === 'hang' ? 60 : 2_000
  const upstream = {
    url: 'http://gpu.test/v1',
    ...(isNative(input) && { nativeApis: [input.asked as 'messages' | 'responses'] }),
  }
  const handler = createHostedHandler(
    {
      upstream: [upstream],
      ...{ discover: false, insecure: true, retry: false, heartbeat: 1_000, headerWait: 0 },
      ...{ answerTimeout: limit, firstTokenTimeout: limit, tokenTimeout: limit },
    },
    {
      log: (entry) => log.push(entry),
      fetch: async (url, init) => {
        if (url.endsWith('/models')) return Response.json({ data: [] })
        signal = init.signal
        const body = bodyOf(packets, input.ending, input.delay)
        return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
      },
    },
  )
  const { path, body } = REQUESTS[input.asked]
  const isChoices = input.asked === 'chat' || input.asked === 'completions'
  const wants = input.stream && input.usage && isChoices
  const asked = {
    ...{ model: 'm', stream: input.stream, ...body },
    ...(wants && { stream_options: { include_usage: true } }),
  }
  const request = new Request(`http://sluice${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(asked),
  })
  return { response: await handler.fetch(request), log, signal: () => signal }
}

async function checkJson(response: Response, log: LogEntry[]): Promise<void> {
  const text = await response.text()
  const value = JSON.parse(text) as { error?: { code?: string; type?: string } | null }
  requireThat(value.error?.code !== 'internal_error', `an error of sluice's own: ${text}`)
  requireEqual(
    Boolean(value.error),
    response.status >= 400,
    `an error with ${response.status}: ${text}`,
  )
  requireEqual(log.length, 1, 'log entries')
}

function checkText(
  input: UpstreamsInput,
  { text, isWhole }: UpstreamAnswer,
  read: ClientRead,
  told: () => string,
): void {
  if (isExpected(input) && isWhole && input.ending === 'end' && text !== '') {
    requireEqual(read.outcome, 'finished', `the outcome of ${told()}`)
    requireEqual(read.text, text, 'the text')
    if (input.said.call) requireEqual(read.call, input.said.call.join(''), "the call's arguments")
  }
  if (text === undefined) return
  requireThat(
    text.startsWith(read.text),
    () => `text that was not said: ${told()}, of ${shown(text)}`,
  )
}
