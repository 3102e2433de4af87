import { afterEach, describe, expect, it, vi } from 'vitest'
import { serveEngine } from '../../../src/engines/remote/serve-engine.ts'
import { Webllm } from '../../../src/engines/webllm/webllm.ts'
import { createHostedHandler } from '../../../src/handler.ts'
import type { SettingsInput } from '../../../src/settings/settings.ts'
import { Link } from '../../../src/tabs/link.ts'
import type { LinkStatus } from '../../../src/tabs/link-options.ts'
import type { TabState } from '../../../src/tabs/protocol.ts'
import { caller, createStandIn, record, type Script } from '../../support/mlc.ts'

const url = 'http://127.0.0.1:8787'
const open: Link[] = []

/** A JSON body, of which a test reads what it expects. */
// biome-ignore lint/suspicious/noExplicitAny: the tests say what they expect of it.
const bodyOf = (response: Response): Promise<any> => response.json()

afterEach(() => {
  vi.restoreAllMocks()
  for (const link of open.splice(0)) link.leave()
})

/** From now on it is so many milliseconds later. */
function later(ms: number): void {
  const now = performance.now.bind(performance)
  vi.spyOn(performance, 'now').mockImplementation(() => now() + ms)
}

const idsOf = (statuses: LinkStatus[]) =>
  statuses.flatMap((status) => (status.kind === 'joined' ? [status.tab] : []))

const model = record.model_id
const state: TabState = {
  models: [record, caller].map(({ model_id }) => ({ id: model_id, state: 'loaded' })),
  visible: true,
  paused: false,
}

/**
 * A handler, and a tab whose requests may be cut. `isHeld`: the tab hears nothing of its having joined until
 * `release` is called, and the server does not see that a connection has ended.
 */
async function create(
  script: Partial<Script> = {},
  { isHeld = false, settings = {} }: { isHeld?: boolean; settings?: SettingsInput } = {},
) {
  const handler = createHostedHandler({ discover: false, ...settings }, { exposure: 'machine' })
  const standIn = createStandIn(script)
  const engine = new Webllm(standIn.mlc, { records: [record, caller] })
  const statuses: LinkStatus[] = []
  const cut = new Set<AbortController>()
  let isDown = false
  let isSilent = false
  const hanging = Promise.withResolvers<void>()
  const held = Promise.withResolvers<void>()
  const arrived = Promise.withResolvers<void>()
  const send = async (input: string | URL | Request, init: RequestInit = {}) => {
    if (isDown) throw new TypeError('the network is down')
    const control = new AbortController()
    cut.add(control)
    const signal = AbortSignal.any([control.signal, ...(init.signal ? [init.signal] : [])])
    if (isSilent && /\/tabs\/./.test(String(input))) {
      hanging.resolve()
      return new Promise<Response>((_, reject) => {
        init.signal?.addEventListener('abort', () => reject(init.signal?.reason))
      })
    }
    const request = new Request(input, { ...init, signal: isHeld ? null : signal })
    const response = await handler.fetch(request)
    arrived.resolve()
    if (isHeld) await held.promise
    signal.throwIfAborted()
    if (isDown) throw new TypeError('the network is down')
    return response
  }
  const link = new Link({
    ...{ url, key: '', state, fetch: send as typeof fetch },
    serve: (port) => serveEngine(port, engine),
    onStatus: (status) => statuses.push(status),
  })
  open.push(link)
  if (isHeld) await arrived.promise
  else await expect.poll(() => statuses.at(-1)?.kind).toBe('joined')
  const ask = (body: object) =>
    handler.fetch(
      new Request(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }], ...body }),
      }),
    )
  return {
    ...{ handler, link, statuses, ask, standIn, release: held.resolve },
    /** Lets the next batch hang, and breaks the stream of what is asked once it does. */
    async silence() {
      isSilent = true
      await hanging.promise
      isSilent = false
      for (const control of cut) control.abort(new TypeError('the connection was cut'))
      cut.clear()
    },
    /** Breaks all connections and lets none be made until the returned function is called. */
    cut() {
      isDown = true
      for (const control of cut) control.abort(new TypeError('the connection was cut'))
      cut.clear()
      return () => {
        isDown = false
      }
    },
  }
}

describe('a tab', () => {
  it('answers what a client asks, streamed and whole', async () => {
    const { ask, handler } = await create()
    const models = await bodyOf(await handler.fetch(new Request(`${url}/v1/models`)))
    expect(models.data[0]).toMatchObject({ id: model, owned_by: 'tab/browser', loaded: true })
    const whole = await bodyOf(await ask({}))
    expect(whole.choices[0].message.content.length).toBeGreaterThan(0)
    const text = await (await ask({ stream: true })).text()
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
  })

  it('may take longer for a call than for a token', async () => {
    const tokens = ['Hm', ...'<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>']
    const timeouts = { firstTokenTimeout: 500, tokenTimeout: 500 }
    const { ask } = await create({ tokens, tokenDelay: 25 }, { settings: timeouts })
    const tools = [{ type: 'function', function: { name: 'f' } }]
    const text = await (await ask({ model: caller.model_id, stream: true, tools })).text()
    expect(text).toContain('"finish_reason":"tool_calls"')
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
  })

  it('is gone at once when it leaves', async () => {
    const { link, handler, ask } = await create()
    link.leave()
    await expect
      .poll(
        async () =>
          (await bodyOf(await handler.fetch(new Request(`${url}/v1/models`)))).data.length,
      )
      .toBe(1)
    expect((await ask({})).status).toBe(404)
  })

  it('loses and repeats nothing when all connections break in the middle of an answer', async () => {
    const tokens = Array.from({ length: 200 }, (_, n) => ` word-${n}`)
    const { ask, cut, statuses, handler } = await create({ tokens, tokenDelay: 5 })
    const reading = (await ask({ stream: true })).text()
    await new Promise((resolve) => setTimeout(resolve, 300))
    const mend = cut()
    await new Promise((resolve) => setTimeout(resolve, 700))
    mend()
    const text = await reading
    const said = [...text.matchAll(/"content":"([^"]*)"/g)].map(([, content]) => content).join('')
    expect(said).toBe(tokens.join(''))
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
    expect(statuses.map(({ kind }) => kind)).toContain('lost')
    const tabs = await bodyOf(await handler.fetch(new Request(`${url}/v1/tabs`)))
    expect(tabs.data).toHaveLength(1)
  })

  it('comes back as the tab that it was, however long it was idle before the connection broke', async () => {
    const { cut, statuses, handler } = await create()
    later(12_000)
    const mend = cut()
    await expect.poll(() => statuses.at(-1)?.kind).toBe('lost')
    mend()
    await expect.poll(() => statuses.at(-1)?.kind).toBe('joined')
    const [before, after] = idsOf(statuses)
    expect(after).toBe(before)
    const tabs = await bodyOf(await handler.fetch(new Request(`${url}/v1/tabs`)))
    expect(tabs.data.map(({ id }: { id: string }) => id)).toEqual([before])
  })

  it('is one tab, and none once it leaves, where it has to join anew', async () => {
    const { cut, statuses, handler, link } = await create()
    const listed = async () =>
      (await bodyOf(await handler.fetch(new Request(`${url}/v1/tabs`)))).data
    const mend = cut()
    await expect.poll(() => statuses.at(-1)?.kind).toBe('lost')
    later(9_000)
    await expect.poll(() => statuses.filter(({ kind }) => kind === 'joining').length).toBe(2)
    mend()
    await expect.poll(() => statuses.at(-1)?.kind).toBe('joined')
    const [before, after] = idsOf(statuses)
    expect(after).not.toBe(before)
    expect(await listed()).toHaveLength(1)
    link.leave()
    await expect.poll(async () => (await listed()).length).toBe(0)
  })

  it('leaves nothing behind where it leaves while it joins', async () => {
    const { handler, link, release } = await create({}, { isHeld: true })
    link.leave()
    const listed = async () =>
      (await bodyOf(await handler.fetch(new Request(`${url}/v1/tabs`)))).data
    expect(await listed()).toHaveLength(1)
    release()
    await expect.poll(listed).toEqual([])
  })

  it('says what has changed while it joined', async () => {
    const { handler, link, release } = await create({}, { isHeld: true })
    link.change({ ...state, paused: true })
    release()
    const isPaused = async () =>
      (await bodyOf(await handler.fetch(new Request(`${url}/v1/tabs`)))).data[0].paused
    await expect.poll(isPaused).toBe(true)
  })

  it('says why it joins anew where the server takes nothing of it', async () => {
    const { handler } = await create()
    const statuses: LinkStatus[] = []
    const send = async (input: string | URL | Request, init: RequestInit = {}) => {
      if (/\/tabs\/./.test(String(input))) return new Response('{}', { status: 410 })
      return handler.fetch(new Request(input, init))
    }
    const link = new Link({
      ...{ url, key: '', state, fetch: send as typeof fetch, serve: () => () => {} },
      onStatus: (status) => statuses.push(status),
    })
    open.push(link)
    await expect.poll(() => statuses.some(({ kind }) => kind === 'lost')).toBe(true)
    expect(statuses.find(({ kind }) => kind === 'lost')).toMatchObject({
      why: 'The server takes no more of what this tab says.',
    })
  })

  it('sends anew what hung when the link broke, as soon as it is back', async () => {
    const tokens = Array.from({ length: 100 }, (_, n) => ` word-${n}`)
    const { ask, silence } = await create({ tokens, tokenDelay: 5 })
    const reading = (await ask({ stream: true })).text()
    await new Promise((resolve) => setTimeout(resolve, 200))
    const startedAt = performance.now()
    await silence()
    expect(await reading).toContain('data: [DONE]')
    expect(performance.now() - startedAt).toBeLessThan(6_000)
  })

  it('stops the engine when the client hangs up', async () => {
    const { ask, standIn } = await create({ isEndless: true, tokenDelay: 5 })
    const response = await ask({ stream: true })
    const reader = response.body?.getReader()
    await reader?.read()
    await reader?.cancel()
    await expect.poll(() => standIn.seen.stops).toBe(1)
  })

  it('ends a stream with an error when it leaves in the middle', async () => {
    const { ask, link } = await create({ isEndless: true, tokenDelay: 5 })
    const response = await ask({ stream: true })
    const text = response.text()
    await new Promise((resolve) => setTimeout(resolve, 100))
    link.leave()
    expect(await text).toContain('"code":"engine_lost"')
    expect(await text).not.toContain('[DONE]')
  })

  it('does not load what its owner has not offered, or an image of its own network', async () => {
    const { ask, link } = await create()
    const content = [{ type: 'image_url', image_url: { url: 'http://127.0.0.1:1/secret.png' } }]
    const image = await ask({ messages: [{ role: 'user', content }] })
    expect(image.status).toBe(400)
    expect((await bodyOf(image)).error.param).toBe('messages[0].content[0].image_url')
    link.change({ ...state, paused: true })
    await expect.poll(async () => (await ask({})).status).toBe(404)
  })
})
