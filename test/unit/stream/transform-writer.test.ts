import { afterEach, expect, it, vi } from 'vitest'
import { defineEngine } from '../../../src/engines/custom/define-engine.ts'
import { createHandler } from '../../../src/handler.ts'

const echo = defineEngine({
  label: 'echo',
  models: ['echo'],
  async *chat({ messages }) {
    yield String(messages.at(-1)?.content)
  },
})

afterEach(() => vi.unstubAllGlobals())

it('a handler without a host of its own builds the body of a stream by a TransformStream', async () => {
  const made: TransformStream[] = []
  class Counted extends TransformStream {
    constructor(...args: ConstructorParameters<typeof TransformStream>) {
      super(...args)
      made.push(this)
    }
  }
  vi.stubGlobal('TransformStream', Counted)
  const handler = createHandler({ engines: [echo], insecure: true })
  const response = await handler.fetch(
    new Request('https://sluice.example/v1/chat/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'echo',
        stream: true,
        messages: [{ role: 'user', content: 'Hello' }],
      }),
    }),
  )
  expect(response.status).toBe(200)
  expect(made.some(({ readable }) => readable === response.body)).toBe(true)
  expect(await response.text()).toMatch(/data: \[DONE\]\n\n$/)
})
