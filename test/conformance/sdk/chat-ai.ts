import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { generateText, isStepCount, Output, streamText, tool } from 'ai'
import { expect, it } from 'vitest'
import type { Server } from '../../support/server.ts'
import {
  agent,
  City,
  type Expect,
  model,
  personas,
  Report,
  type Sent,
  structured,
  thermometer,
  user,
} from './chat-agent.ts'

export function aiSdk(
  server: Server,
  sentSince: Sent,
  count: () => number,
  expectLoop: Expect,
): void {
  const provider = () =>
    createOpenAICompatible({
      name: 'sluice',
      baseURL: server.base,
      includeUsage: true,
      supportsStructuredOutputs: true,
    })
  const asked = (script: object) => ({
    model: provider()(model),
    prompt: user.content,
    maxRetries: 0,
    providerOptions: { sluice: { script: JSON.parse(JSON.stringify(script)) } },
  })

  it.each(personas)('runs tools over several turns with %s behind', async (persona) => {
    const { asked: cities, read } = thermometer()
    const temperature = tool({ inputSchema: City, execute: async (input) => read(input) })
    const loop = { tools: { temperature }, stopWhen: isStepCount(5) }
    let start = count()
    const whole = await generateText({ ...asked(agent(persona)), ...loop })
    expect(whole.text).toBe('Rome is warmer.')
    expectLoop(start)
    start = count()
    const streamed = streamText({ ...asked(agent(persona)), ...loop })
    await streamed.consumeStream()
    expect(await streamed.text).toBe('Rome is warmer.')
    expect((await streamed.steps)[0]?.reasoningText).toBe('Two cities.')
    expectLoop(start)
    expect(cities).toEqual(['Paris', 'Rome', 'Rome', 'Paris', 'Rome', 'Rome'])
  })

  it('gets structured output, and the upstream is asked to enforce it', async () => {
    const start = count()
    const output = Output.object({ schema: Report })
    const whole = await generateText({ ...asked(structured), output })
    expect(whole.output).toEqual({ city: 'Rome', degrees: 27 })
    const streamed = streamText({ ...asked(structured), output })
    await streamed.consumeStream()
    expect(await streamed.output).toEqual({ city: 'Rome', degrees: 27 })
    const formats = sentSince(start).map(({ response_format }) => response_format)
    expect(formats).toHaveLength(2)
    for (const format of formats) expect(format).toMatchObject({ type: 'json_schema' })
  })

  it('tells thinking from the answer where the model writes both into one text', async () => {
    const words = ['<think>Warm,', 'I', 'think.</think>Rome', '<b>']
    const whole = await generateText(asked({ persona: 'vllm', words }))
    expect([whole.reasoningText, whole.text]).toEqual(['Warm, I think.', 'Rome <b>'])
    const streamed = streamText(asked({ persona: 'vllm', words }))
    const kinds: string[] = []
    for await (const part of streamed.fullStream) kinds.push(part.type)
    expect([await streamed.reasoningText, await streamed.text]).toEqual([
      'Warm, I think.',
      'Rome <b>',
    ])
    expect(kinds.indexOf('reasoning-end')).toBeLessThan(kinds.indexOf('text-delta'))
  })
}
