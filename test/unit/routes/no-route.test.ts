import { expect, it } from 'vitest'
import { createHandler } from '../../../src/handler.ts'

const { fetch } = createHandler({ insecure: true })

async function told(method: string, path: string): Promise<string> {
  const response = await fetch(new Request(`http://localhost${path}`, { method }))
  expect(response.status).toBe(404)
  return ((await response.json()) as { error: { message: string } }).error.message
}

it.each([
  ['POST', '/completion', '; send POST /v1/completions, which takes the same parameters.'],
  ['GET', '/metrics', '; ask the model server itself for its metrics.'],
  ['POST', '/chat/completions', '; use /v1/chat/completions.'],
  ['GET', '/models', '; use /v1/models.'],
  ['GET', '/nowhere', 'there is no route GET /nowhere. '],
])('where there is no route %s %s, it is said what to do', async (method, path, words) => {
  expect(await told(method, path)).toContain(words)
})
