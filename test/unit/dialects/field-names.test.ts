import { describe, expect, it } from 'vitest'
import { createHostedHandler } from '../../../src/handler.ts'

const handler = createHostedHandler({ discover: false, insecure: true, staticDelay: 0 })

async function refused(path: string, body: object): Promise<{ status: number; text: string }> {
  const response = await handler.fetch(
    new Request(`http://x${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'static', ...body }),
    }),
  )
  return { status: response.status, text: await response.text() }
}

const schema = { type: 'object', properties: {} }

describe('what an engine refuses', () => {
  it.each([true, false])('is named as Responses calls it: stream: %s', async (stream) => {
    const format = { type: 'json_schema', name: 'x', schema }
    const { status, text } = await refused('/v1/responses', {
      input: 'Hi',
      text: { format },
      stream,
    })
    expect(status).toBe(400)
    expect(JSON.parse(text).error).toMatchObject({
      param: 'text.format',
      message: expect.stringMatching(/^text\.format: the model "static" /),
    })
  })

  it.each([true, false])('is named as Messages calls it: stream: %s', async (stream) => {
    const { status, text } = await refused('/v1/messages', {
      max_tokens: 5,
      messages: [{ role: 'user', content: 'Hi' }],
      output_config: { format: { type: 'json_schema', schema } },
      stream,
    })
    expect(status).toBe(400)
    expect(text).toMatch(/output_config\.format: the model \\"static\\" /)
  })

  it('keeps its name where both call it the same', async () => {
    const tools = [{ type: 'function', name: 'f', parameters: schema }]
    const { text } = await refused('/v1/responses', { input: 'Hi', tools, tool_choice: 'required' })
    expect(JSON.parse(text).error).toMatchObject({ param: 'tool_choice' })
  })
})
