import { expect, it } from 'vitest'
import { createHandler } from '../../../src/handler.ts'

const { fetch } = createHandler({ insecure: true })

async function told(method: string, path: string): Promise<string> {
  const response = await fetch(new Request(`http://localhost${path}`, { method }))
  expect(response.status).toBe(404)
  const { error } = (await response.json()) as { error: { message: string } | string }
  return typeof error === 'string' ? error : error.message
}

it.each([
  ['POST', '/completion', '; send POST /v1/completions, which takes the same parameters.'],
  ['POST', '/chat/completions', '; use /v1/chat/completions.'],
  ['GET', '/models', '; use /v1/models.'],
  ['GET', '/api/tag', '; did you mean GET /api/tags?'],
  ['POST', '/api/v1/chat', '; did you mean POST /api/chat?'],
  ['GET', '/api/nowhere', '; use POST /api/chat or GET /api/tags.'],
  ['GET', '/nowhere', 'there is no route GET /nowhere. '],
])('where there is no route %s %s, it is said what to do', async (method, path, words) => {
  expect(await told(method, path)).toContain(words)
})
