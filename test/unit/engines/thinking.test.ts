import { describe, expect, it } from 'vitest'
import type { Engine } from '../../../src/engines/engine.ts'
import { createStatic } from '../../../src/engines/static/static.ts'
import { separateThinking, type ThinkingSettings } from '../../../src/engines/thinking.ts'
import { createHostedHandler } from '../../../src/handler.ts'
import type { SettingsInput } from '../../../src/settings/settings.ts'
import type { ChatRequest } from '../../../src/wire/chat/request.ts'
import { readAll } from '../../support/chunks.ts'

const messages = [{ role: 'user' as const, content: 'Go.' }]
const separate: ThinkingSettings = { reasoning: 'keep', thinkTags: 'separate' }

/** A model that writes what it thinks into its answer, beside the handler. */
function thinker(staticText: string): Engine {
  return createStatic({ staticText, staticDelay: 0 })
}

async function said(engine: Engine, request: Partial<ChatRequest> = {}) {
  const asked = { messages, model: 'static', stream: true, ...request }
  const stream = await engine.chat(asked, new AbortController().signal)
  if (stream.kind !== 'chunks') throw new Error(stream.kind)
  const chunks = await readAll(stream)
  const joined = (field: string) =>
    chunks.map(({ choices }) => choices[0]?.delta[field] ?? '').join('')
  return {
    content: joined('content'),
    reasoning: joined('reasoning'),
    reasoning_content: joined('reasoning_content'),
    repaired: [...stream.contract.repaired],
  }
}

describe('an engine beside the handler', () => {
  it('has its thinking told as reasoning', async () => {
    const engine = separateThinking(thinker('<think>Let me see.</think> Forty two.'), separate)
    expect(await said(engine)).toEqual({
      content: ' Forty two.',
      reasoning: '',
      reasoning_content: 'Let me see.',
      repaired: ['think'],
    })
  })

  it('has it under the name that was asked for', async () => {
    const settings: ThinkingSettings = { reasoning: 'reasoning', thinkTags: 'unopened' }
    const engine = separateThinking(thinker('Let me see.</think> Yes.'), settings)
    expect(await said(engine)).toMatchObject({ content: ' Yes.', reasoning: 'Let me see.' })
    expect(await said(engine, { enable_thinking: false })).toMatchObject({
      content: 'Let me see.</think> Yes.',
      reasoning: '',
    })
  })

  it('stays what it is besides', async () => {
    const plain = thinker('Yes.')
    const engine = separateThinking(plain, separate)
    expect(engine.label).toBe('static')
    expect(engine.embed).toBeUndefined()
    expect(await engine.models(new AbortController().signal)).toHaveLength(1)
    expect(await said(engine)).toMatchObject({ content: 'Yes.', repaired: [] })
    expect(separateThinking(plain, { ...separate, thinkTags: 'keep' })).toBe(plain)
  })

  it('may answer whole', async () => {
    const completion = {
      choices: [{ index: 0, message: { role: 'assistant', content: '<think>a</think>b' } }],
    }
    const whole: Engine = {
      ...thinker(''),
      chat: async () => ({ kind: 'whole', json: JSON.stringify(completion), repaired: [] }),
    }
    const answer = await separateThinking(whole, separate).chat(
      { messages },
      new AbortController().signal,
    )
    if (answer.kind !== 'whole') throw new Error(answer.kind)
    expect(JSON.parse(answer.json)).toMatchObject({
      choices: [{ message: { content: 'b', reasoning_content: 'a' } }],
    })
    expect(answer.repaired).toEqual(['think'])
  })

  it.each<[SettingsInput, object]>([
    [{}, { content: '<think>Hm. So.</think> Yes.' }],
    [{ thinkTags: 'separate' }, { content: ' Yes.', reasoning_content: 'Hm. So.' }],
    [
      { thinkTags: 'separate', reasoning: 'reasoning' },
      { content: ' Yes.', reasoning: 'Hm. So.' },
    ],
  ])('is asked by a handler as the settings say: %j', async (settings, message) => {
    const local: Engine = {
      ...thinker('<think>Hm. So.</think> Yes.'),
      label: 'local',
      models: async () => [{ id: 'thinker', object: 'model', created: 0, owned_by: 'tests' }],
    }
    const handler = createHostedHandler(
      { discover: false, ...settings },
      { engines: [local], exposure: 'machine' },
    )
    const body = JSON.stringify({ model: 'thinker', messages })
    const request = { method: 'POST', headers: { 'content-type': 'application/json' }, body }
    const response = await handler.fetch(
      new Request('http://localhost/v1/chat/completions', request),
    )
    expect(await response.json()).toMatchObject({ choices: [{ message }] })
  })
})
