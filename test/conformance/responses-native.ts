import OpenAI from 'openai'
import OldOpenAI from 'openai-6.45'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type PoolUnderTest, startPool } from '../support/pool.ts'
import { logOf } from '../support/relay.ts'
import { lintResponse, postResponses, readResponsesStream } from '../support/responses.ts'
import {
  begin,
  end,
  framesOf,
  output,
  responseOf,
  said,
  usage,
} from '../support/responses-upstream.ts'
import type { Script } from '../support/script.ts'
import type { HostName } from '../support/server.ts'

type Fields = Record<string, unknown>

const all = framesOf([...begin, ...said, ...end])
const text = all.map((step) => (step as { send: string }).send).join('')
const HEARTBEAT = 100

/** An upstream that speaks the Responses API itself: what it says is forwarded. */
export function nativeResponses(host: HostName): void {
  let pool: PoolUnderTest
  beforeAll(async () => {
    const each = { a: { nativeApis: ['responses'] } }
    const flags = ['--heartbeat', `${HEARTBEAT}ms`, '--header-wait', '100ms']
    pool = await startPool(host, { a: {} }, { each, flags })
  })
  afterAll(async () => pool?.[Symbol.asyncDispose]())

  const post = (body: object, init?: RequestInit) => postResponses(pool.server.base, body, init)

  it('is told as it says it, under an id and numbers of ours, and kept', async () => {
    const response = await post({ script: { steps: all }, tools: [{ type: 'web_search' }] })
    const read = await readResponsesStream(response)
    expect(read).toMatchObject({ problems: [], outcome: 'completed', text: 'Hi' })
    expect(read.response).toMatchObject({ output, usage })
    const entry = await logOf(pool.server, response)
    expect(entry).toMatchObject({ outcome: 'finished', engine: 'a', tokens: 5 })
    const found = await fetch(`${pool.server.base}/responses/${read.response?.id}`)
    expect(await found.json()).toEqual(read.response)
  })

  it('is so however its packets are cut, and whole', async () => {
    const script: Script = { steps: [{ split: 7, text, pause: 0 }] }
    const read = await readResponsesStream(await post({ script }))
    expect(read).toMatchObject({ problems: [], outcome: 'completed', text: 'Hi' })
    const send = JSON.stringify(responseOf('completed', output, { usage }))
    const response = await post({ stream: false, script: { steps: [{ send }] } })
    const value = (await response.json()) as { id: string }
    expect(lintResponse(value)).toEqual([])
    expect(value).toMatchObject({ output, usage })
    expect((await fetch(`${pool.server.base}/responses/${value.id}`)).status).toBe(200)
  })

  it('is read by the openai SDK, heartbeats and all', async () => {
    const wait = { wait: 4 * HEARTBEAT }
    const steps = [wait, ...framesOf([...begin, ...said]), wait, ...framesOf(end)]
    const read = await readResponsesStream(await post({ script: { steps } }))
    expect(read).toMatchObject({ problems: [], outcome: 'completed', text: 'Hi' })
    const beats = read.events.filter(({ type, delta }) => {
      return type === 'response.in_progress' || delta === ''
    })
    expect(beats.length).toBeGreaterThan(3)
    for (const Client of [OpenAI, OldOpenAI as unknown as typeof OpenAI]) {
      const client = new Client({ apiKey: 'none', baseURL: pool.server.base, maxRetries: 0 })
      const asked = { model: 'm', input: 'Go.', script: { steps } }
      const response = await client.responses.stream(asked).finalResponse()
      expect(response.output_text).toBe('Hi')
      expect(response.usage?.total_tokens).toBe(12)
    }
  })

  it('fails in one way where it breaks off', async () => {
    const steps = [...framesOf([...begin, ...said]), { wait: 50 }, { cut: true }]
    const read = await readResponsesStream(await post({ script: { steps } }))
    expect(read).toMatchObject({ problems: [], outcome: 'failed', text: 'Hi' })
    expect(read.error?.code).toBe('upstream_truncated')
  })

  it('fails in its own words where it tells its failure, and needs no places in its events', async () => {
    const error = { code: 'server_error', message: 'CUDA' }
    const failed = { type: 'response.failed', response: responseOf('failed', [], { error }) }
    const unplaced = said.map(({ output_index: _, content_index: __, ...event }: Fields) => event)
    const steps = framesOf([...begin, begin[0] as Fields, ...unplaced, failed])
    const response = await post({ script: { steps } })
    const read = await readResponsesStream(response)
    expect(read).toMatchObject({ problems: [], outcome: 'failed', text: 'Hi', error })
    expect(read.events.filter(({ type }) => type === 'error')).toEqual([])
    const entry = await logOf(pool.server, response)
    expect(entry).toMatchObject({ outcome: 'failed', code: 'server_error' })
    expect(entry.repaired?.toSorted()).toEqual(['index', 'response'])
  })

  it('stops when its client leaves', async () => {
    const control = new AbortController()
    const steps = [...framesOf([...begin, ...said]), { hang: true }]
    const body = { input: 'Leave.', script: { steps } }
    const response = await post(body, { signal: control.signal })
    const request = await pool.upstreams.a?.next(({ body }) =>
      JSON.stringify(body ?? '').includes('Leave.'),
    )
    await response.body?.getReader().read()
    control.abort()
    await request?.closedWithin(1_500)
    expect((await logOf(pool.server, response)).outcome).toBe('cancelled')
  })
}
