import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { ChatOpenAI } from '@langchain/openai'
import { generateText, streamText } from 'ai'
import OpenAI, { BadRequestError } from 'openai'
import { zodResponseFormat } from 'openai/helpers/zod'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { Webllm } from '../../../../src/engines/webllm/webllm.ts'
import { createHostedHandler } from '../../../../src/handler.ts'
import type { SettingsInput } from '../../../../src/settings/settings.ts'
import { caller, createStandIn, record } from '../../../support/mlc.ts'

const model = record.model_id
const baseURL = 'http://localhost/v1'
const messages = [{ role: 'user' as const, content: 'Hello' }]
const text = 'Water finds its way.'

/** What clients fetch from: the handler, with web-llm's engine beside it. */
function serve(tokens?: string[], settings: SettingsInput = {}): typeof fetch {
  const { mlc } = createStandIn(tokens && { tokens })
  const engines = [new Webllm(mlc, { records: [record, caller] })]
  const handler = createHostedHandler(
    { discover: false, ...settings },
    { engines, exposure: 'machine' },
  )
  return (input, init) => handler.fetch(new Request(input, init))
}

function openai(tokens?: string[], settings?: SettingsInput): OpenAI {
  return new OpenAI({ apiKey: 'none', baseURL, maxRetries: 0, fetch: serve(tokens, settings) })
}

describe('a model that runs through WebGPU serves', () => {
  it('the openai SDK, streamed and whole', async () => {
    const client = openai()
    const { choices } = await client.chat.completions.create({ model, messages })
    expect(choices[0]?.message.content).toBe(text)
    expect(await client.chat.completions.stream({ model, messages }).finalContent()).toBe(text)
  })

  it('its helper for structured output', async () => {
    const response_format = zodResponseFormat(z.object({ city: z.string() }), 'report')
    const client = openai(['{"city":', '"Rome"', '}'])
    const request = { model, messages, response_format }
    const { choices } = await client.chat.completions.parse(request)
    expect(choices[0]?.message.parsed).toEqual({ city: 'Rome' })
  })

  it('tool calls, which can be answered, where the model makes them', async () => {
    const client = openai([
      '<tool_',
      'call>\n{"name": "look", "arguments": {"at": 1}}',
      '\n</tool_call>',
    ])
    const tools = [{ type: 'function' as const, function: { name: 'look', parameters: {} } }]
    const asked = { model: caller.model_id, messages, tools }
    const { choices } = await client.chat.completions.stream(asked).finalChatCompletion()
    expect(choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: {
        tool_calls: [{ id: expect.stringMatching(/^call_/), function: { name: 'look' } }],
      },
    })
    const other = client.chat.completions.create({ ...asked, model })
    await expect(other).rejects.toBeInstanceOf(BadRequestError)
  })

  it('the ai SDK, with the thinking of a model that writes it into its answer', async () => {
    const provider = createOpenAICompatible({
      name: 'sluice',
      baseURL,
      fetch: serve(['<thi', 'nk>Hm.', '</think>', 'Yes', '.'], { thinkTags: 'separate' }),
    })
    const asked = { model: provider(model), prompt: 'Hello', maxRetries: 0 }
    const whole = await generateText(asked)
    expect([whole.reasoningText, whole.text]).toEqual(['Hm.', 'Yes.'])
    const streamed = streamText(asked)
    await streamed.consumeStream()
    expect([await streamed.reasoningText, await streamed.text]).toEqual(['Hm.', 'Yes.'])
  })

  it('LangChain', async () => {
    const configuration = { baseURL, fetch: serve() }
    const chat = new ChatOpenAI({ model, apiKey: 'none', maxRetries: 0, configuration })
    let said = ''
    for await (const chunk of await chat.stream('Hello')) said += chunk.text
    expect(said).toBe(text)
    expect((await chat.invoke('Hello')).text).toBe(text)
  })
})
