// `useChat` of the ai package, with the server of examples/resume-usechat. The hook adds React to
// `AbstractChat`, and calls its `resumeStream` when it is mounted with `resume: true`.
import {
  AbstractChat,
  type ChatState,
  type ChatStatus,
  DefaultChatTransport,
  type UIMessage,
} from 'ai'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import type { Server } from '../../../src/hosts/node.ts'
import { serve } from '../../../src/hosts/node.ts'
import { pace } from '../../support/talk.ts'
import { startUpstream, type Upstream } from '../../support/upstream.ts'

const text = Array.from({ length: 40 }, (_, at) => `wörd-${at}`).join(' ')
let upstream: Upstream
let server: Server
let handle: (request: Request) => Promise<Response>

beforeAll(async () => {
  upstream = await startUpstream({ persona: 'vllm', script: pace(500, 20) })
  const own = { port: 0, discover: false, staticDelay: 20, staticText: text }
  server = await serve({ ...own, upstream: [{ label: 'gpu', url: upstream.url }] })
  vi.stubEnv('SLUICE_URL', `${server.url}/v1`)
  handle = (await import('../../../examples/resume-usechat/server.ts')).handle
})

afterAll(async () => {
  vi.unstubAllEnvs()
  await server?.stop(0)
  await upstream?.close()
})

class Messages implements ChatState<UIMessage> {
  status: ChatStatus = 'ready'
  error: Error | undefined
  messages: UIMessage[]
  onMessage = () => {}

  constructor(messages: UIMessage[]) {
    this.messages = messages
  }

  pushMessage = (message: UIMessage) => this.#set([...this.messages, message])
  popMessage = () => this.#set(this.messages.slice(0, -1))
  replaceMessage = (at: number, message: UIMessage) =>
    this.#set(this.messages.with(at, structuredClone(message)))
  snapshot = structuredClone

  #set(messages: UIMessage[]): void {
    this.messages = messages
    this.onMessage()
  }
}

/** What a browser has of a chat: the page, and the connection to the server of the application. */
class Page extends AbstractChat<UIMessage> {
  readonly shown: Messages
  /** Loses the connection. */
  lose = () => {}

  constructor(id: string, messages: UIMessage[] = []) {
    const shown = new Messages(messages)
    const ask: typeof fetch = async (path, init) => {
      const { signal: _, ...rest } = init ?? {}
      const response = await handle(new Request(new URL(String(path), 'http://app.example'), rest))
      return this.#connected(response)
    }
    super({ id, state: shown, transport: new DefaultChatTransport({ fetch: ask }) })
    this.shown = shown
  }

  get text(): string {
    const parts = this.shown.messages.flatMap(({ role, parts }) =>
      role === 'assistant' ? parts : [],
    )
    return parts.map((part) => (part.type === 'text' ? part.text : '')).join('')
  }

  #connected(response: Response): Response {
    const body = response.body?.getReader()
    if (body === undefined) return response
    const lost = Promise.withResolvers<never>()
    lost.promise.catch(() => {})
    this.lose = () => {
      lost.reject(new TypeError('network error'))
      void body.cancel()
    }
    const pull = async (to: ReadableStreamDefaultController<Uint8Array>) => {
      const { done, value } = await Promise.race([body.read(), lost.promise])
      if (done) to.close()
      else to.enqueue(value)
    }
    return new Response(new ReadableStream({ pull }), response)
  }
}

/** Asks, and loses the connection when some of the answer is shown. */
async function askAndLose(id: string): Promise<Page> {
  const page = new Page(id)
  const isLost = Promise.withResolvers<void>()
  page.shown.onMessage = () => {
    if (!page.text.includes('wörd-5')) return
    page.lose()
    isLost.resolve()
  }
  const sending = page.sendMessage({ text: 'Go.' })
  await isLost.promise
  page.shown.onMessage = () => {}
  await sending
  expect(page.text.length).toBeLessThan(text.length)
  return page
}

async function storedIn(id: string): Promise<UIMessage[]> {
  const response = await handle(new Request(`http://app.example/api/chat/${id}`))
  return (await response.json()) as UIMessage[]
}

it('goes on after the page was loaded again, from its beginning', async () => {
  const before = await askAndLose('reloaded')
  const stored = await storedIn('reloaded')
  expect(stored).toHaveLength(1)
  const page = new Page('reloaded', stored)
  await page.resumeStream()
  expect(page.text).toBe(text)
  expect(page.shown.status).toBe('ready')
  expect(page.shown.messages.at(-1)?.id).toBe(before.shown.messages.at(-1)?.id)
  // It is stored now, and there is nothing to resume any more.
  expect(await storedIn('reloaded')).toHaveLength(2)
  await page.resumeStream()
  expect(page.shown.messages).toHaveLength(2)
})

it('goes on in a page that has lost its connection, without doubled text', async () => {
  const page = await askAndLose('lost')
  expect(page.shown.error?.message).toBe('network error')
  await page.resumeStream()
  expect(page.text).toBe(text)
  expect(page.shown.messages).toHaveLength(2)
})

it('stops the model by a route of the application, and not by leaving', async () => {
  vi.stubEnv('MODEL', 'Qwen/Qwen3-8B')
  const page = new Page('stopped')
  const started = Promise.withResolvers<void>()
  page.shown.onMessage = () => page.text.length > 20 && started.resolve()
  void page.sendMessage({ text: 'Go.' })
  await started.promise
  page.lose()
  const request = await upstream.next()
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(request.hungUpAt).toBeUndefined()
  const stop = new Request('http://app.example/api/chat/stopped/stop', { method: 'POST' })
  expect(await (await handle(stop)).json()).toEqual({ stopped: true })
  await request.closedWithin(1_000)
})
