import { ChatOpenAI } from '@langchain/openai'
import { expect, it } from 'vitest'
import type { Relay } from '../../support/relay.ts'
import type { Scripted } from '../../support/script.ts'
import { addTool, cityTool, runTool } from './addition-agent.ts'
import { broken, model, slow } from './responses-scripts.ts'

export function langChain(relay: Relay, agent: Relay): void {
  const chat = (script?: Scripted, { server } = relay) =>
    new ChatOpenAI({
      model,
      apiKey: 'none',
      configuration: { baseURL: server.base },
      useResponsesApi: true,
      maxRetries: 0,
      ...(script && { modelKwargs: { script } }),
    })

  it('gets a whole answer, and streams one', async () => {
    const words: Scripted = { persona: 'vllm', words: ['It', 'is', 'so.'] }
    const whole = await chat(words).invoke('Go.')
    expect(whole.text).toBe('It is so.')
    expect(whole.usage_metadata?.output_tokens).toBeGreaterThan(0)
    let said = ''
    for await (const chunk of await chat(words).stream('Go.')) said += chunk.text
    expect(said).toBe('It is so.')
    let late = ''
    for await (const chunk of await chat(slow).stream('Go.')) late += chunk.text
    expect(late).toBe('toktok')
  })

  it('runs an agent', async () => {
    const bound = chat(undefined, agent).bindTools([cityTool, addTool])
    const messages: unknown[] = [{ role: 'user', content: 'How warm?' }]
    let text = ''
    for (let turn = 0; turn < 3; turn++) {
      const message = await bound.invoke(messages as never)
      messages.push(message)
      for (const call of message.tool_calls ?? []) {
        const content = runTool(call.name, JSON.stringify(call.args))
        messages.push({ role: 'tool', tool_call_id: call.id, content })
      }
      text = message.text
    }
    expect(text).toBe('Together 48.')
  })

  it('raises an error inside a stream', async () => {
    const read = async () => {
      for await (const _ of await chat(broken).stream('Go.'));
    }
    await expect(read()).rejects.toThrow(/CUDA/)
  })
}
