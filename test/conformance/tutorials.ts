import { afterAll, describe, expect, it } from 'vitest'
import { readMessages } from '../support/message-stream.ts'
import { postChat, readStream } from '../support/read.ts'
import { errorOf, logOf } from '../support/relay.ts'
import { postResponses, readResponsesStream } from '../support/responses.ts'
import { type HostName, useServerWith } from '../support/server.ts'
import {
  startTutorials,
  TOKENS,
  type TutorialName,
  type TutorialServer,
} from '../support/tutorials.ts'

const TEXT = TOKENS.join('')

/** What each server needs in a stream, and in a whole answer. */
const REPAIRS: Record<Exclude<TutorialName, 'fickle'>, { stream: string[]; whole: string[] }> = {
  course: { stream: ['finish_reason', 'id', 'role'], whole: ['finish_reason'] },
  fastapi: {
    stream: ['content_type', 'created', 'finish_reason', 'id', 'index', 'role'],
    whole: ['finish_reason', 'index'],
  },
  flask: { stream: ['content_type', 'finish_reason', 'id', 'role'], whole: ['finish_reason'] },
  express: {
    stream: ['content_type', 'finish_reason', 'framing', 'id', 'role'],
    whole: ['content_type', 'finish_reason'],
  },
  go: {
    stream: ['content_type', 'finish_reason', 'role'],
    whole: ['content_type', 'finish_reason'],
  },
  mistral: { stream: ['parts', 'role'], whole: ['parts'] },
}

/** Servers as people write them. */
export function tutorialServers(host: HostName): void {
  let tutorials: TutorialServer | undefined
  const server = useServerWith(host, async () => {
    tutorials = await startTutorials()
    return { flags: ['--upstream', `gpu=${tutorials.url}`] }
  })
  afterAll(() => tutorials?.close())

  describe.each(Object.entries(REPAIRS))('%s', (model, repairs) => {
    it('streams', async () => {
      const response = await postChat(server.base, { model })
      const read = await readStream(response)
      expect(read).toMatchObject({ status: 200, outcome: 'finished', problems: [], text: TEXT })
      expect(read.finish).toEqual({ 0: 'stop' })
      const entry = await logOf(server, response)
      expect(entry).toMatchObject({ outcome: 'finished', engine: 'gpu' })
      expect(entry.repaired?.toSorted()).toEqual(repairs.stream)
    })

    it('answers whole', async () => {
      const response = await postChat(server.base, { model, stream: false })
      expect(response.status).toBe(200)
      expect(await response.json()).toMatchObject({
        object: 'chat.completion',
        choices: [{ index: 0, message: { content: TEXT }, finish_reason: 'stop' }],
      })
      expect((await logOf(server, response)).repaired?.toSorted()).toEqual(repairs.whole)
    })
  })

  it('tell what Mistral thinks as reasoning', async () => {
    const read = await readStream(await postChat(server.base, { model: 'mistral' }))
    const deltas = read.chunks.map(({ choices }) => choices?.[0]?.delta ?? {})
    expect(deltas.map((delta) => delta.reasoning_content ?? '').join('')).toBe('Hm.')
  })

  it('answer the Messages API', async () => {
    const response = await fetch(`${server.base}/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        ...{ model: 'fastapi', max_tokens: 9, stream: true },
        messages: [{ role: 'user', content: 'Go.' }],
      }),
    })
    const read = readMessages(await response.text(), false)
    expect(read).toMatchObject({ problems: [], outcome: 'finished', text: TEXT })
    expect(read.stop).toMatchObject({ stop_reason: 'end_turn' })
  })

  it('answer the Responses API', async () => {
    const response = await postResponses(server.base, { model: 'fastapi', input: 'Go.' })
    const read = await readResponsesStream(response)
    expect(read).toMatchObject({ problems: [], outcome: 'completed', text: TEXT })
  })

  it('that have sent a finish reason once are held to it', async () => {
    const ask = async (content: string) => {
      const body = { model: 'fickle', messages: [{ role: 'user', content }] }
      return readStream(await postChat(server.base, body))
    }
    expect(await ask('Go.')).toMatchObject({ outcome: 'finished', problems: [] })
    expect(await ask('With a finish.')).toMatchObject({ outcome: 'finished', problems: [] })
    const lost = await ask('Go.')
    expect(lost).toMatchObject({ outcome: 'failed', problems: [], text: TEXT })
    expect(lost.error?.code).toBe('upstream_incomplete')
  })

  it('are none where a page answers, whatever it is called', async () => {
    for (const stream of [true, false]) {
      const response = await postChat(server.base, { model: 'page', stream })
      expect(response.status).toBe(502)
      const error = await errorOf(response)
      expect(error).toMatchObject({ code: 'upstream_invalid' })
      expect(error.message).toContain(`text/plain instead of ${stream ? 'a stream' : 'JSON'}`)
    }
  })
}
