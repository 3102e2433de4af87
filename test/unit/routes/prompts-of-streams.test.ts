import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it, vi } from 'vitest'
import { createHostedHandler } from '../../../src/handler.ts'
import type { Fetched } from '../../../src/platform/fetch.ts'
import type { LogEntry } from '../../../src/platform/log.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const STREAMS = 30
const PROMPT = 200_000

const event = (data: object) => new TextEncoder().encode(`data: ${JSON.stringify(data)}\n\n`)
const chunk = (content: string, finish_reason: string | null = null) => ({
  ...{ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm' },
  choices: [{ index: 0, delta: { content }, finish_reason }],
})

/** A handler with an upstream that sends a word and then nothing until `finish` is called. */
function quiet() {
  const logged: LogEntry[] = []
  const open: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>[] = []
  const streamed = () => {
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start(control) {
        control.enqueue(event(chunk('Nothing')))
        open.push(control)
      },
    })
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
  }
  const { fetch } = createHostedHandler(
    {
      upstream: [{ label: 'gpu', url: 'http://127.0.0.1:9/v1' }],
      ...{ discover: false, attemptTimeout: 1_000 },
    },
    {
      exposure: 'machine',
      authenticate: () => ({ name: 'ann', tokensPerMinute: 1e9 }),
      log: (entry) => logged.push(entry),
      fetch: async (_, { body }) =>
        (body ? streamed() : Response.json({ data: [{ id: 'm' }] })) as unknown as Fetched,
    },
  )
  const ask = async (n: number) => {
    const content = `${n}`.padEnd(PROMPT, ' word')
    const headers = { host: 'localhost', 'content-type': 'application/json' }
    const body = JSON.stringify({
      ...{ model: 'm', stream: true },
      messages: [{ role: 'user', content }],
    })
    const url = 'http://localhost/v1/chat/completions'
    const reader = (
      await fetch(new Request(url, { method: 'POST', headers, body }))
    ).body?.getReader()
    await reader?.read()
    return reader
  }
  const finish = (usage: object) => {
    for (const control of open) {
      control.enqueue(event({ ...chunk('.', 'stop'), usage }))
      control.close()
    }
  }
  return { logged, ask, finish }
}

function used(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

it('long answers keep no prompts in memory, and their counts of tokens are held against these all the same', async () => {
  const { logged, ask, finish } = quiet()
  const first = await ask(0)
  const before = used()
  const readers = [first]
  for (let n = 1; n <= STREAMS; n++) readers.push(await ask(n))
  await vi.waitFor(() => expect(used() - before).toBeLessThan((STREAMS * PROMPT) / 2), {
    ...{ timeout: 10_000, interval: 200 },
  })
  // More than such a prompt can have.
  finish({ prompt_tokens: 90_000_000, completion_tokens: 2, total_tokens: 90_000_002 })
  for (const reader of readers) while ((await reader?.read())?.done === false);
  await vi.waitFor(() => expect(logged).toHaveLength(1 + STREAMS))
  expect(new Set(logged.map(({ repaired }) => repaired?.includes('usage')))).toEqual(
    new Set([true]),
  )
})
