import {
  type AIMessageChunk,
  type BaseMessage,
  HumanMessage,
  type ToolMessage,
} from '@langchain/core/messages'
import { tool as langchainTool } from '@langchain/core/tools'
import { ChatOpenAI } from '@langchain/openai'
import { expect, it } from 'vitest'
import type { Server } from '../../support/server.ts'
import {
  agent,
  City,
  type Expect,
  model,
  Report,
  type Sent,
  structured,
  thermometer,
  user,
} from './chat-agent.ts'

export function langchain(
  server: Server,
  sentSince: Sent,
  count: () => number,
  expectLoop: Expect,
): void {
  const chat = (script: object) =>
    new ChatOpenAI({
      model,
      apiKey: 'none',
      maxRetries: 0,
      configuration: { baseURL: server.base },
      modelKwargs: { script },
    })

  it.each([true, false])('runs tools over several turns, stream: %s', async (streaming) => {
    const start = count()
    const { asked: cities, read } = thermometer()
    const temperature = langchainTool(async (input) => read(input as { city: string }), {
      name: 'temperature',
      description: 'Degrees in a city.',
      schema: City,
    })
    const bound = chat(agent('ollama')).bindTools([temperature])
    const ask = async (messages: BaseMessage[]) => {
      if (!streaming) return bound.invoke(messages)
      let whole: AIMessageChunk | undefined
      for await (const chunk of await bound.stream(messages)) whole = whole?.concat(chunk) ?? chunk
      return whole as AIMessageChunk
    }
    const messages: BaseMessage[] = [new HumanMessage(user.content)]
    for (;;) {
      const answer = await ask(messages)
      messages.push(answer)
      const calls = answer.tool_calls ?? []
      if (calls.length === 0) break
      for (const call of calls) messages.push((await temperature.invoke(call)) as ToolMessage)
    }
    expect(messages.at(-1)?.text).toBe('Rome is warmer.')
    expect(cities).toEqual(['Paris', 'Rome', 'Rome'])
    expectLoop(start)
  })

  it('streams from static, and gets its whole answer', async () => {
    const chat = new ChatOpenAI({
      model: 'static',
      apiKey: 'none',
      maxRetries: 0,
      configuration: { baseURL: server.base },
    })
    let text = ''
    for await (const chunk of await chat.stream('Go.')) text += chunk.text
    expect(text).toMatch(/^Water finds its way word by word,.* end\.$/)
    expect((await chat.invoke('Go.')).text).toBe(text)
  })

  it('streams text, and thinking beside it', async () => {
    const script = { persona: 'vllm', words: ['<think>Hm.</think>Rome', 'it', 'is.'] }
    let text = ''
    let thought = ''
    let tokens: number | undefined
    for await (const chunk of await chat(script).stream(user.content)) {
      text += chunk.text
      thought += String(chunk.additional_kwargs.reasoning_content ?? '')
      tokens = chunk.usage_metadata?.output_tokens ?? tokens
    }
    expect([text, thought]).toEqual(['Rome it is.', 'Hm.'])
    expect(tokens).toBeGreaterThan(0)
  })

  it('gets structured output, and the upstream is asked to enforce it', async () => {
    const start = count()
    const bound = chat(structured).withStructuredOutput(Report, { method: 'jsonSchema' })
    expect(await bound.invoke(user.content)).toEqual({ city: 'Rome', degrees: 27 })
    expect(sentSince(start)[0]?.response_format).toMatchObject({ type: 'json_schema' })
  })
}
