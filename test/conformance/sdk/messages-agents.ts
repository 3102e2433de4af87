import { createAnthropic } from '@ai-sdk/anthropic'
import Anthropic from '@anthropic-ai/sdk'
import { betaTool } from '@anthropic-ai/sdk/helpers/beta/json-schema'
import { generateText, jsonSchema, stepCountIs, streamText, tool } from 'ai'
import { expect, it } from 'vitest'
import { AGENT_ANSWER, citySchema, pairSchema, subtract, weather } from '../../support/agent.ts'
import { model } from '../../support/messages.ts'
import type { HostName } from '../../support/server.ts'
import { useStage } from './requests.ts'

export function agents(host: HostName): void {
  const relay = useStage(host, 'messages of an agent')
  const client = () => new Anthropic({ apiKey: 'none', baseURL: relay.server.url, maxRetries: 0 })
  const tools = [
    betaTool({ name: 'weather', description: 'Now.', inputSchema: citySchema, run: weather }),
    betaTool({ name: 'subtract', description: 'b - a', inputSchema: pairSchema, run: subtract }),
  ]
  const question = { role: 'user' as const, content: 'How much warmer is Rome than Paris?' }

  it.each([false, true])('of the SDK runs its tools to the end, streamed: %s', async (stream) => {
    const runner = client().beta.messages.toolRunner({
      model,
      max_tokens: 99,
      messages: [question],
      tools,
      stream,
    })
    const message = await runner.runUntilDone()
    expect(message.content.at(-1)).toMatchObject({ type: 'text', text: AGENT_ANSWER })
    expect(message.stop_reason).toBe('end_turn')
    // Two calls, one more, and the answer: each turn repeats those before it.
    const last = relay.upstream.requests.at(-1)?.body as { messages: object[] }
    expect(last.messages).toMatchObject([
      { role: 'user' },
      { role: 'assistant', reasoning_content: 'Let me see.', tool_calls: [{}, {}] },
      { role: 'tool', content: '14 degrees' },
      { role: 'tool', content: '21 degrees' },
      { role: 'assistant', tool_calls: [{ function: { name: 'subtract' } }] },
      { role: 'tool', content: '7' },
    ])
  })

  it('written by hand goes on from one message to the next', async () => {
    const turns: Anthropic.MessageParam[] = [question]
    const offered = [
      { name: 'weather', input_schema: citySchema },
      { name: 'subtract', input_schema: pairSchema },
    ] as unknown as Anthropic.Tool[]
    for (let turn = 0; turn < 3; turn++) {
      const asked = { model, max_tokens: 99, messages: turns, tools: offered }
      const message = await client().messages.stream(asked).finalMessage()
      turns.push({ role: 'assistant', content: message.content })
      if (message.stop_reason !== 'tool_use') break
      const calls = message.content.filter((block) => block.type === 'tool_use')
      const content = calls.map(({ id, name, input }) => ({
        type: 'tool_result' as const,
        tool_use_id: id,
        content: name === 'weather' ? weather(input as never) : subtract(input as never),
      }))
      turns.push({ role: 'user', content })
    }
    expect(turns.at(-1)?.content).toMatchObject([{ type: 'thinking' }, { text: AGENT_ANSWER }])
  })

  it.each(['whole', 'streamed'])('of the ai SDK comes to the same: %s', async (form) => {
    const provider = createAnthropic({ baseURL: relay.server.base, apiKey: 'none' })
    const asked = {
      model: provider(model),
      prompt: question.content,
      maxRetries: 0,
      stopWhen: stepCountIs(5),
      tools: {
        weather: tool({ inputSchema: jsonSchema<{ city: string }>(citySchema), execute: weather }),
        subtract: tool({
          inputSchema: jsonSchema<{ a: number; b: number }>(pairSchema),
          execute: subtract,
        }),
      },
    }
    const text = form === 'whole' ? (await generateText(asked)).text : await streamText(asked).text
    expect(text).toBe(AGENT_ANSWER)
    const last = relay.upstream.requests.at(-1)?.body as { messages: object[] }
    // What was thought came back as well: it has a signature, though an empty one.
    expect(last.messages[1]).toMatchObject({ reasoning_content: 'Let me see.' })
  })
}
