import { describe, expect, it } from 'vitest'
import { Webllm } from '../../../../src/engines/webllm/webllm.ts'
import { createHostedHandler } from '../../../../src/handler.ts'
import type { SettingsInput } from '../../../../src/settings/settings.ts'
import { caller, createStandIn, record, type Script } from '../../../support/mlc.ts'
import { readStream } from '../../../support/read.ts'

function create(
  script: Partial<Script> = {},
  headerWait = 5_000,
  timeouts: Pick<SettingsInput, 'firstTokenTimeout' | 'tokenTimeout'> = {},
) {
  const { mlc, seen } = createStandIn(script)
  const engine = new Webllm(mlc, { records: [record, caller] })
  const handler = createHostedHandler(
    { discover: false, headerWait, insecure: true, ...timeouts },
    { engines: [engine] },
  )
  const ask = (body: object) =>
    handler.fetch(
      new Request('http://sluice/v1/chat/completions', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ messages: [{ role: 'user', content: 'Hello' }], ...body }),
      }),
    )
  return { seen, ask }
}

const model = record.model_id

describe('web-llm through the handler', () => {
  it('streams as the contract has it, judged byte by byte', async () => {
    const { ask } = create({ tokenDelay: 1 })
    const body = { model, stream: true, stream_options: { include_usage: true } }
    expect(await readStream(await ask(body), { usage: true })).toMatchObject({
      outcome: 'finished',
      problems: [],
      text: 'Water finds its way.',
      finish: { 0: 'stop' },
      usage: { completion_tokens: 5 },
    })
  })

  it('folds a stream into one answer where none is asked for', async () => {
    const { ask } = create()
    const response = await ask({ model })
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(await response.json()).toMatchObject({
      object: 'chat.completion',
      model,
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'Water finds its way.' },
          finish_reason: 'stop',
        },
      ],
      usage: { completion_tokens: 5 },
    })
  })

  it('takes the tokens of a call for progress, though it is streamed when it is whole', async () => {
    const tokens = ['Hm', ...'<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>']
    const timeouts = { firstTokenTimeout: 500, tokenTimeout: 500 }
    const { ask } = create({ tokens, tokenDelay: 25 }, undefined, timeouts)
    const tools = [{ type: 'function', function: { name: 'f' } }]
    const stream = await readStream(await ask({ model: caller.model_id, stream: true, tools }))
    expect(stream).toMatchObject({ outcome: 'finished', finish: { 0: 'tool_calls' } })
  })

  it('refuses with its status what web-llm would throw in the middle of a stream', async () => {
    const { ask } = create({ context: 10 })
    const response = await ask({ model, stream: true })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: { code: 'context_length_exceeded' } })
  })

  it('tells in comments how far the model is loaded, once the headers went out', async () => {
    const { ask } = create({ loadDelay: 3_500 }, 100)
    const stream = await readStream(await ask({ model, stream: true }))
    expect(stream).toMatchObject({
      outcome: 'finished',
      problems: [],
      text: 'Water finds its way.',
    })
    const told = [...stream.raw.matchAll(/^: loading (\S+) (\d+) %$/gm)]
    expect(told.length).toBeGreaterThan(1)
    expect(told[0]?.[1]).toBe(model)
    const steps = told.map(([, , percent]) => Number(percent))
    expect(steps).toEqual(steps.toSorted((a, b) => a - b))
  })

  it('loads nothing for a request that names no model', async () => {
    const { ask, seen } = create()
    const response = await ask({ stream: true })
    expect(response.status).toBe(404)
    expect(seen.loads).toEqual([])
  })

  it('answers such a request once a model is loaded', async () => {
    const { ask } = create()
    await ask({ model })
    // What was listed is believed for a while.
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    expect((await ask({})).status).toBe(200)
  })
})
