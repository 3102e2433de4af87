import { createAnthropic } from '@ai-sdk/anthropic'
import { APICallError, generateText, streamText } from 'ai'
import { expect, it } from 'vitest'
import { hasBudget, model, rejection, staticText, upstreamText } from '../../support/messages.ts'
import type { Relay } from '../../support/relay.ts'

export function aiSdk(relay: Relay): void {
  const provider = () => createAnthropic({ baseURL: relay.server.base, apiKey: 'none' })

  it.each([
    ['static', staticText],
    [model, upstreamText],
  ])('streams from %s', async (name, text) => {
    const result = streamText({ model: provider()(name), prompt: 'Go.', maxRetries: 0 })
    const parts: string[] = []
    for await (const part of result.textStream) parts.push(part)
    expect(parts.length).toBeGreaterThan(5)
    expect(parts.join('')).toBe(text)
    expect(await result.finishReason).toBe('stop')
    expect((await result.usage).outputTokens).toBeGreaterThan(5)
  })

  it.each([
    ['static', staticText],
    [model, upstreamText],
  ])('gets a whole answer from %s', async (name, expected) => {
    const asked = { model: provider()(name), prompt: 'Go.', maxRetries: 0 }
    const { text, finishReason, usage } = await generateText(asked)
    expect(text).toBe(expected)
    expect(finishReason).toBe('stop')
    expect(usage.outputTokens).toBeGreaterThan(5)
  })

  it('thinks where it is told to', async () => {
    const body = { persona: 'vllm', reasoning: ['Hm.'], words: ['Well.'] }
    relay.upstream.script = body as never
    const result = streamText({
      model: provider()(model),
      prompt: 'Go.',
      maxRetries: 0,
      providerOptions: { anthropic: { thinking: { type: 'enabled', budgetTokens: 1_024 } } },
    })
    expect(await result.reasoningText).toBe('Hm.')
    expect(await result.text).toBe('Well.')
    relay.upstream.script = undefined
    const asked = await relay.upstream.next(({ body }) => hasBudget(body))
    expect(asked.body).toMatchObject({ chat_template_kwargs: { enable_thinking: true } })
  })

  it('raises an error with its status and message', async () => {
    const asked = generateText({
      model: provider()('nobody'),
      prompt: 'Go.',
      maxRetries: 0,
    })
    const error = await rejection(asked)
    expect(APICallError.isInstance(error)).toBe(true)
    expect(error).toMatchObject({ statusCode: 404 })
    expect((error as APICallError).message).toContain('nobody')
  })
}
