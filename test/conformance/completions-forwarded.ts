import { expect, it } from 'vitest'
import { END, postText, readText, TEXT, textChunk, WORDS, writing } from '../support/completions.ts'
import { errorScript } from '../support/personas/errors.ts'
import { logOf, nextFor, type Relay, sentFor, tag } from '../support/relay.ts'
import { frame, type Step } from '../support/script.ts'
import { lostToSplitting } from '../support/splitting.ts'
import type { RecordedRequest } from '../support/upstream.ts'
import { usage } from './completions-scripts.ts'

export function forwarded(relay: Relay): void {
  const ask = async (body: object) => {
    const tagged = tag(body)
    const response = await postText(relay.server.base, tagged)
    const read = await readText(response, body)
    const [sent] = sentFor(relay, tagged)
    return { read, sent, entry: await logOf(relay.server, response) }
  }

  it('are the same bytes, where there is nothing to repair', async () => {
    const steps: Step[] = [
      { send: 'data: {"id":"c","object":"text_completion","created":1,"model":"m",' },
      { send: '"choices":[{"index":0,"text":"H\\u00e9","logprobs":null, "finish_reason":null}],' },
      { send: '"own":1.0}\n\n' },
      ...END.map((step) => ('chunk' in step ? { chunk: { ...step.chunk, id: 'c' } } : step)),
    ]
    const { read, entry } = await ask({ script: { steps } })
    const sent = steps.map((step) =>
      'chunk' in step ? frame(step.chunk) : (step as { send: string }).send,
    )
    expect(read.raw).toBe(sent.join(''))
    expect(read).toMatchObject({ problems: [], texts: ['Hé'] })
    expect(entry).not.toHaveProperty('repaired')
  })

  it('are asked for with usage, which only the log sees unless it was asked for', async () => {
    for (const body of [{}, usage]) {
      const { read, sent, entry } = await ask(body)
      expect(read).toMatchObject({ problems: [], outcome: 'finished', texts: [TEXT] })
      expect(sent?.body).toMatchObject(usage)
      expect(entry).toMatchObject({ tokens: WORDS.length, promptTokens: 3, outcome: 'finished' })
      expect(entry).not.toHaveProperty('repaired')
    }
  })

  it('are asked for without where the server refuses that', async () => {
    const refuses = { ...errorScript('message_only'), status: 400 }
    relay.upstream.script = refuses
    const body = tag({ prompt: 'x' })
    const asking = postText(relay.server.base, body)
    await nextFor(relay, body)
    relay.upstream.script = undefined
    const read = await readText(await asking)
    expect(read).toMatchObject({ problems: [], texts: [TEXT] })
    expect(sentFor(relay, body).map((sent) => Boolean(fieldOf(sent, 'stream_options')))).toEqual([
      true,
      false,
    ])
  })

  it('carry every field, known and unknown', async () => {
    const body = {
      ...{ prompt: [[1, 2], [3]], suffix: 's', echo: false, best_of: 3, n: 2, logprobs: 5 },
      ...{ max_tokens: 9, stop: ['a', 'b'], seed: 2 ** 60, temperature: 0.5, top_p: 0.5 },
      ...{ presence_penalty: 1, frequency_penalty: -1, logit_bias: { 7: -100 }, user: 'u' },
      ...{ min_tokens: 3, guided_regex: 'x*' },
    }
    const { read, sent } = await ask(body)
    expect(read).toMatchObject({ problems: [], texts: [TEXT, TEXT, TEXT, TEXT] })
    expect(sent?.body).toMatchObject(body)
  })

  it.each([
    ['an empty finish_reason', 'finish_reason', textChunk('b', { finish_reason: '' })],
    ['a missing text', 'text', textChunk(undefined)],
    ['milliseconds', 'created', textChunk('b', {}, { created: 1_790_000_000_000 })],
    ['usage beside a text', 'usage', textChunk('b', {}, { usage: { total_tokens: 1 } })],
    ['no index', 'index', textChunk('b', { index: undefined })],
    ['another id', 'id', textChunk('b', {}, { id: 'x' })],
  ])('are repaired: %s', async (_, repaired, chunk) => {
    const { read, entry } = await ask({ script: writing('a', { chunk }) })
    expect(read).toMatchObject({ problems: [], outcome: 'finished' })
    expect(entry.repaired).toEqual([repaired])
  })

  it('are folded where a stream comes unasked', async () => {
    const script = { ...writing('a', 'b'), headers: { 'content-type': 'text/event-stream' } }
    const response = await postText(relay.server.base, { stream: false, script })
    expect(await response.json()).toMatchObject({
      object: 'text_completion',
      choices: [{ index: 0, text: 'ab', finish_reason: 'stop' }],
    })
    expect(await logOf(relay.server, response)).toMatchObject({ repaired: ['stream'] })
  })

  it('are heard to be alive before and between their tokens, which harms nobody', async () => {
    const script = {
      ...writing('One', { wait: 700 }, ' two', { wait: 500 }, ' three'),
      headersAfter: 500,
    }
    const { read } = await ask({ script })
    expect(read).toMatchObject({ problems: [], outcome: 'finished', texts: ['One two three'] })
    expect(read.pings.length).toBeGreaterThan(0)
    expect(read.chunks.filter(({ choices }) => choices?.[0]?.text === '').length).toBeGreaterThan(3)
    expect(lostToSplitting(read)).toBe(0)
  })
}

function fieldOf({ body }: RecordedRequest, field: string): unknown {
  return (body as Record<string, unknown> | undefined)?.[field]
}
