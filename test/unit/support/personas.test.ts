import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ERROR_ANSWERS, type ErrorName, errorScript } from '../../support/personas/errors.ts'
import { MODELS, PERSONA_NAMES, personaOf, textOf } from '../../support/personas.ts'
import { postChat, readStream } from '../../support/read.ts'
import { startUpstream, type Upstream } from '../../support/upstream.ts'

const words = ['one', 'two', 'thrée']

let upstream: Upstream

beforeAll(async () => {
  upstream = await startUpstream()
})

afterAll(() => upstream.close())

async function stream(script: object, body: object = {}) {
  return readStream(await postChat(upstream.url, { ...body, script }))
}

describe.each(PERSONA_NAMES)('%s', (persona) => {
  it('streams its words, ends, and leaves usage out', async () => {
    const read = await stream({ persona, words })
    expect(read.text).toBe(textOf(words))
    expect(read.finish).toEqual({ 0: 'stop' })
    expect(read.usage).toBeUndefined()
    expect(read.outcome).toBe(persona === 'webllm' ? 'truncated' : 'finished')
  })

  it('sends usage last when it is asked to, unless told not to', async () => {
    const asked = { stream_options: { include_usage: true } }
    const read = await stream({ persona, words }, asked)
    expect(read.chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 3 } })
    expect((await stream({ persona, words, usage: 'never' }, asked)).usage).toBeUndefined()
    expect((await stream({ persona, words, usage: 'always' })).usage).toBeDefined()
  })

  it('waits before each word', async () => {
    const read = await stream({ persona, words, delay: 30 })
    const at = read.events.filter((_, i) => read.chunks[i]?.choices?.[0]?.delta?.content)
    expect(at).toHaveLength(3)
    expect((at[2]?.at ?? 0) - (at[0]?.at ?? 0)).toBeGreaterThan(50)
  })

  it('calls tools, with reasoning before', async () => {
    const toolCalls = [
      { name: 'look', arguments: ['{"at":', '1}'] },
      { name: 'listen', arguments: ['{}'] },
    ]
    const read = await stream({ persona, words: [], reasoning: ['Hm.'], toolCalls })
    const deltas = read.chunks.flatMap((chunk) => chunk.choices ?? []).map((each) => each.delta)
    const pieces = deltas.flatMap((delta) => (delta?.tool_calls ?? []) as Piece[])
    const spoken = (index: number) =>
      pieces.filter((piece) => piece.index === index).map((piece) => piece.function.arguments)
    expect(spoken(0).join('')).toBe('{"at":1}')
    expect(spoken(1).join('')).toBe('{}')
    expect(read.finish).toEqual({ 0: 'tool_calls' })
    expect(read.raw).toMatch(/"reasoning(_content)?":"Hm."/)
  })

  it('answers whole', async () => {
    const response = await postChat(upstream.url, { stream: false, script: { persona, words } })
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(await response.json()).toMatchObject({
      object: 'chat.completion',
      choices: [{ message: { role: 'assistant', content: textOf(words) }, finish_reason: 'stop' }],
      usage: { total_tokens: 12 },
    })
  })

  it('refuses fields and unknown models as itself', async () => {
    const refuses = { persona, refuses: ['stream_options'] }
    const asked = { stream_options: { include_usage: true }, script: refuses }
    expect((await postChat(upstream.url, asked)).ok).toBe(false)
    expect((await stream(refuses)).text).not.toBe('')
    const script = { persona, error: 'model_not_found' }
    expect((await postChat(upstream.url, { script })).ok).toBe(false)
  })

  it('is found by its models', async () => {
    for (const model of MODELS[persona]) expect(personaOf(model.id)).toBe(persona)
  })
})

interface Piece {
  index: number
  function: { arguments: string }
}

it('speaks as the model that is asked for, and knows which it has', async () => {
  const models = [...MODELS.ollama, ...MODELS.vllm]
  const mixed = await startUpstream({ persona: 'ollama', models })
  const read = await readStream(await postChat(mixed.url, { model: 'Qwen/Qwen3-8B' }))
  expect(read.raw).toContain('token_ids')
  const unknown = await postChat(mixed.url, { model: 'nobody' })
  expect(unknown.status).toBe(404)
  expect(await unknown.json()).toMatchObject({ error: { type: 'not_found_error' } })
  await mixed.close()
})

it.each(Object.keys(ERROR_ANSWERS) as ErrorName[])('answers the error %s', async (name) => {
  const { status, message } = ERROR_ANSWERS[name]
  const response = await postChat(upstream.url, { script: errorScript(name) })
  expect(response.status).toBe(status)
  expect(JSON.stringify(await response.text())).toContain(JSON.stringify(message).slice(1, -1))
})
