import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createHostedHandler } from '../../../src/handler.ts'
import { mutate, mutation } from '../../support/mutate.ts'
import { expectErrorShape } from '../../support/refusal.ts'
import { lintResponse, readResponses } from '../../support/responses.ts'

const { fetch } = createHostedHandler(
  { discover: false, staticDelay: 0, maxBody: 20_000, bodyTimeout: 2_000 },
  { exposure: 'machine' },
)

const VALID = {
  model: 'static',
  instructions: 'Be brief.',
  input: [
    {
      role: 'user',
      content: [
        { type: 'input_text', text: 'Hi' },
        { type: 'input_image', image_url: 'data:image/png;base64,AAAA', detail: 'low' },
      ],
    },
    { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'Hm.' }] },
    { type: 'function_call', call_id: 'a', name: 'f', arguments: '{}' },
    { type: 'function_call_output', call_id: 'a', output: [{ type: 'input_text', text: '1' }] },
    { role: 'assistant', content: [{ type: 'output_text', text: 'Yes.', annotations: [] }] },
    { role: 'developer', content: 'Go on.' },
  ],
  tools: [{ type: 'function', name: 'f', parameters: { type: 'object' }, strict: null }],
  tool_choice: 'auto',
  parallel_tool_calls: true,
  text: { format: { type: 'text' }, verbosity: 'low' },
  reasoning: { effort: 'low', summary: 'auto' },
  include: ['reasoning.encrypted_content'],
  max_output_tokens: 3,
  metadata: { a: 'b' },
  temperature: 1,
  stream: true,
}

/** An answer that is right, or an error in the shape of the API. */
async function expectSane(body: unknown): Promise<void> {
  const request = new Request('http://sluice/v1/responses', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body) ?? '',
  })
  const response = await fetch(request)
  const text = await response.text()
  expect(response.status, text).toBeLessThan(500)
  const type = response.headers.get('content-type') ?? ''
  if (type.startsWith('text/event-stream')) {
    const { problems, outcome } = readResponses(text)
    expect(problems).toEqual([])
    expect(outcome).toMatch(/^(completed|incomplete)$/)
  } else if (response.status < 400) expect(lintResponse(JSON.parse(text))).toEqual([])
  else expectErrorShape(response, text)
}

describe('whatever is asked, the answer is right or an error in its shape', () => {
  it('with any JSON', async () => {
    const property = fc.asyncProperty(fc.jsonValue({ maxDepth: 6 }), expectSane)
    await fc.assert(property, { numRuns: 300 })
  })

  it('with what was a valid request', async () => {
    const mutations = fc.array(mutation, { minLength: 0, maxLength: 3 })
    const property = fc.asyncProperty(mutations, (each) => expectSane(mutate(VALID, each)))
    await fc.assert(property, { numRuns: 800 })
  })

  it('with any query for a response that is kept', async () => {
    const asked = await fetch(
      new Request('http://sluice/v1/responses', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ...VALID, stream: false }),
      }),
    )
    const { id } = (await asked.json()) as { id: string }
    const name = fc.constantFrom('stream', 'starting_after', 'order', 'limit', 'after', 'x')
    const value = fc.oneof(fc.string(), fc.constantFrom('true', '0', '1', '-1', '1e9', 'asc'))
    const path = fc.constantFrom(id, `${id}/input_items`, `${id}/cancel`, 'resp_x', '%00')
    const query = fc.array(fc.tuple(name, value), { maxLength: 3 })
    const property = fc.asyncProperty(path, query, fc.boolean(), async (at, pairs, posts) => {
      const url = `http://sluice/v1/responses/${at}?${new URLSearchParams(pairs)}`
      const response = await fetch(new Request(url, { method: posts ? 'POST' : 'GET' }))
      const text = await response.text()
      expect(response.status, text).toBeLessThan(500)
      if (response.status >= 400) expectErrorShape(response, text)
    })
    await fc.assert(property, { numRuns: 300 })
  })
})
