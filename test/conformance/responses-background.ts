import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { expectError } from '../support/refusal.ts'
import { logOf, nextFor, sentFor, tag, useRelay } from '../support/relay.ts'
import {
  lintResponse,
  postResponses,
  type ResponsesRead,
  readResponses,
  readResponsesStream,
} from '../support/responses.ts'
import type { Script } from '../support/script.ts'
import type { HostName } from '../support/server.ts'
import { pace, talk } from '../support/talk.ts'
import { type Answer, type Fields, flags, full } from './responses-asking.ts'

export function background(host: HostName): void {
  const relay = useRelay(host, { flags })
  const url = (path: string) => `${relay.server.base}/responses/${path}`
  const start = async (body: Fields) => {
    const response = await postResponses(relay.server.base, { background: true, ...body })
    expect(response.status).toBe(200)
    return response
  }
  const poll = async (id: string, status: string): Promise<Answer> => {
    for (let tries = 0; tries < 200; tries++) {
      const found = (await (await fetch(url(id))).json()) as Answer
      if (found.status === status) return found
      await sleep(25)
    }
    throw new Error(`${id} never was ${status}`)
  }

  it('answers at once, and is completed without anybody listening', async () => {
    const script = talk({ wait: 300 }, 'tok', 'tok')
    const response = await start({ stream: false, script })
    const queued = (await response.json()) as Answer
    expect(queued).toMatchObject({ status: 'queued', background: true, output: [] })
    const done = await poll(queued.id, 'completed')
    expect(lintResponse(done)).toEqual([])
    expect(JSON.stringify(done.output)).toContain('"toktok"')
    expect((await logOf(relay.server, response)).outcome).toBe('finished')
  })

  it('is told to each who follows it, from wherever he left', async () => {
    const body = tag({ script: pace(20, 20) })
    const response = await start(body)
    const begun = await readUntil(response, /output_text\.delta/)
    await begun.leave()
    const { id } = begun
    const begin = begun.soFar()
    const last = Number(begin.events.at(-1)?.sequence_number)
    const follow = async (query: string, first: number): Promise<ResponsesRead> =>
      readResponsesStream(await fetch(url(`${id}?stream=true${query}`)), first)
    const [rest, all] = await Promise.all([
      follow(`&starting_after=${last}`, last + 1),
      follow('', 0),
    ])
    expect(rest.problems).toEqual([])
    expect(all).toMatchObject({ problems: [], outcome: 'completed', text: 'tok'.repeat(20) })
    expect([...begin.events, ...rest.events]).toEqual(all.events)
    // And again, when all is over.
    expect((await follow('', 0)).events).toEqual(all.events)
    const upstream = sentFor(relay, body)
    expect(upstream).toHaveLength(1)
    expect(upstream[0]?.hungUpAt).toBeUndefined()
  })

  it('stops when it is cancelled, and tells those who follow', async () => {
    const body = tag({ script: pace(2_000, 20) })
    const response = await start(body)
    const upstream = await nextFor(relay, body)
    const { id, rest } = await readUntil(response, /output_text\.delta/)
    const cancelled = await fetch(url(`${id}/cancel`), { method: 'POST' })
    expect(await cancelled.json()).toMatchObject({ id, status: 'cancelled' })
    await upstream.closedWithin(1_500)
    const read = readResponses(await rest())
    expect(read).toMatchObject({ problems: [], outcome: 'failed', error: { code: 'cancelled' } })
    expect((await logOf(relay.server, response)).outcome).toBe('cancelled')
    const again = await fetch(url(`${id}/cancel`), { method: 'POST' })
    expect(await again.json()).toMatchObject({ id, status: 'cancelled' })
  })

  it('stops when it is deleted, and stays deleted', async () => {
    const body = tag({ stream: false, script: pace(2_000, 20) })
    const { id } = (await (await start(body)).json()) as Answer
    const upstream = await nextFor(relay, body)
    expect((await fetch(url(id), { method: 'DELETE' })).status).toBe(200)
    await upstream.closedWithin(1_500)
    await expectError(await fetch(url(id)), 404)
  })

  it('fails where the engine does', async () => {
    const script = { persona: 'vllm', error: 'context_length' }
    const { id } = (await (await start({ stream: false, script })).json()) as Answer
    const failed = await poll(id, 'failed')
    expect(JSON.stringify(failed.error)).toContain('maximum context length')
    const read = await readResponsesStream(await fetch(url(`${id}?stream=true`)))
    expect(read).toMatchObject({ problems: [], outcome: 'failed' })
    const previous = { previous_response_id: id }
    await expectError(await postResponses(relay.server.base, previous), 400)
  })

  it('refuses what can not be picked up', async () => {
    const store = await postResponses(relay.server.base, { background: true, store: false })
    expect((await expectError(store, 400)).param).toBe('store')
    const { id } = (await (await start({ stream: false, script: full })).json()) as Answer
    await poll(id, 'completed')
    const beyond = await fetch(url(`${id}?stream=true&starting_after=9999`))
    expect((await expectError(beyond, 400)).param).toBe('starting_after')
    const wrong = await fetch(url(`${id}?stream=true&starting_after=-1`))
    expect((await expectError(wrong, 400)).param).toBe('starting_after')
  })

  it('takes only so many at once', async () => {
    const script: Script = { steps: [{ hang: true }] }
    const ids: string[] = []
    for (let count = 0; count < 32; count++) {
      ids.push(((await (await start({ stream: false, script })).json()) as Answer).id)
    }
    const body = { background: true, script }
    const error = await expectError(await postResponses(relay.server.base, body), 503)
    expect(error.code).toBe('too_many_background')
    await Promise.all(ids.map((id) => fetch(url(`${id}/cancel`), { method: 'POST' })))
    await start({ stream: false, script: full })
  })

  describe('at the end', () => {
    const leaving = useRelay(host, { flags: [...flags, '--grace', '5s'] })

    it('is waited for like any other', async () => {
      const body = tag({ background: true, stream: false, script: pace(20, 25) })
      const response = await postResponses(leaving.server.base, body)
      expect(response.status).toBe(200)
      const upstream = await nextFor(leaving, body)
      expect(await leaving.server.stop()).toBe(0)
      expect(upstream.finished).toBe(true)
      expect((await logOf(leaving.server, response)).outcome).toBe('finished')
    })
  })
}

/** Reads until the text matches; the rest may be read on, or left. */
export async function readUntil(response: Response, pattern: RegExp) {
  const reader = response.body?.getReader() as ReadableStreamDefaultReader<Uint8Array>
  let text = ''
  const read = async () => {
    const { done, value } = await reader.read()
    if (value) text += Buffer.from(value).toString()
    return !done
  }
  while (!pattern.test(text) && (await read()));
  expect(text).toMatch(pattern)
  const [, id = ''] = /"id":"(resp_\w+)"/.exec(text) ?? []
  const rest = async () => {
    while (await read());
    return text
  }
  /** What was read so far, up to the last whole event. */
  const soFar = () => readResponses(text.slice(0, text.lastIndexOf('\n\n') + 2))
  return { id, rest, soFar, leave: () => reader.cancel() }
}
