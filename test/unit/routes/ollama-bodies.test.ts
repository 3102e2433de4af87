import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createHostedHandler } from '../../../src/handler.ts'

const gpu = async (url: string, init: { body?: unknown } = {}) => {
  if (url.endsWith('/models')) return Response.json({ data: [{ id: 'm' }] })
  const { input } = JSON.parse(String(init.body)) as { input: unknown }
  const texts = [input].flat()
  const data = texts.map((_, index) => ({ object: 'embedding', index, embedding: [1, 2] }))
  return Response.json({ object: 'list', data, model: 'm' })
}

const handler = createHostedHandler(
  { upstream: [{ label: 'gpu', url: 'http://gpu/v1' }], discover: false, insecure: true },
  { fetch: gpu },
)

const value = fc.jsonValue({ maxDepth: 2 })
const bodies = fc.oneof(
  value,
  fc.record(
    {
      model: fc.oneof(fc.constantFrom('m', 'm:latest', 'static', ':latest', ''), value),
      name: value,
      verbose: value,
      input: fc.oneof(fc.string(), fc.array(fc.string(), { maxLength: 3 }), value),
      prompt: fc.oneof(fc.string(), value),
      dimensions: fc.oneof(fc.constantFrom(0, 2, 3, -1), value),
      truncate: value,
      options: value,
      keep_alive: value,
    },
    { requiredKeys: [] },
  ),
)

it.each(['/api/show', '/api/embed', '/api/embeddings'])(
  '%s answers any body, and refuses it with a text',
  async (path) => {
    await fc.assert(
      fc.asyncProperty(bodies, async (body) => {
        const response = await handler.fetch(
          new Request(`http://localhost${path}`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(body),
          }),
        )
        const answer = (await response.json()) as { error?: unknown }
        expect([200, 400, 404]).toContain(response.status)
        if (response.status === 200) expect(answer).not.toHaveProperty('error')
        else expect(answer).toEqual({ error: expect.stringMatching(/^\w.*[.?]$/s) })
      }),
      { numRuns: 60, seed: 1 },
    )
  },
)
