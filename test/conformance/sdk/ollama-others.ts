import { HumanMessage } from '@langchain/core/messages'
import { tool } from '@langchain/core/tools'
import { ChatOllama } from '@langchain/ollama'
import { generateText, streamText } from 'ai'
import { createOllama } from 'ollama-ai-provider-v2'
import { expect, it } from 'vitest'
import * as z from 'zod'
import { broken } from '../../support/messages.ts'
import { model, words } from '../../support/ollama.ts'
import type { Relay } from '../../support/relay.ts'
import type { Scripted } from '../../support/script.ts'

const calling: Scripted = {
  persona: 'vllm',
  words: [],
  toolCalls: [{ name: 'weather', arguments: ['{"city":', '"Paris"}'] }],
}

/** LangChain and the ai SDK, whose providers for Ollama speak its API. */
export function otherClients(relay: Relay): void {
  async function scripted<T>(script: Scripted, act: () => Promise<T>): Promise<T> {
    relay.upstream.script = script
    try {
      return await act()
    } finally {
      relay.upstream.script = undefined
    }
  }
  const langchain = () => new ChatOllama({ baseUrl: relay.server.url, model, maxRetries: 0 })
  const sdk = () => createOllama({ baseURL: `${relay.server.url}/api` })(model)

  it('chats with LangChain', async () => {
    const answer = await langchain().invoke([new HumanMessage('Go.')])
    expect(answer.content).toBe(words)
    expect(answer.usage_metadata).toMatchObject({ input_tokens: 9, output_tokens: 9 })
    let text = ''
    for await (const piece of await langchain().stream('Go.')) text += piece.content
    expect(text).toBe(words)
  })

  it('calls tools with LangChain', async () => {
    const schema = z.object({ city: z.string() })
    const weather = tool(() => 'Sun.', { name: 'weather', description: 'The weather.', schema })
    const { tool_calls } = await scripted(calling, () =>
      langchain().bindTools([weather]).invoke('Go.'),
    )
    expect(tool_calls).toMatchObject([{ name: 'weather', args: { city: 'Paris' } }])
  })

  it('tells LangChain of a stream that fails', async () => {
    const failing = scripted(broken, () => langchain().invoke('Go.'))
    await expect(failing).rejects.toThrow(/CUDA out of memory/)
  })

  it('chats with the ai SDK, streamed and not', async () => {
    const whole = await generateText({ model: sdk(), prompt: 'Go.', maxRetries: 0 })
    expect(whole).toMatchObject({ text: words, finishReason: 'stop' })
    const streamed = streamText({ model: sdk(), prompt: 'Go.', maxRetries: 0 })
    expect(await streamed.text).toBe(words)
    expect(await streamed.totalUsage).toMatchObject({ inputTokens: 9, outputTokens: 9 })
  })
}
