import { expect } from 'vitest'
import { isOwnCode } from '../../src/wire/errors/own-codes.ts'
import { withoutDocUrl } from './doc-url.ts'

/** An error in the shape of OpenAI's API. */
export interface ApiErrorBody {
  message: string
  type: string
  param: string | null
  code: string | null
}

/**
 * Expects the response to be a complete error of this status in OpenAI's shape, with a request id.
 * Resolves with the error.
 */
export async function expectError(response: Response, status: number): Promise<ApiErrorBody> {
  const text = await response.text()
  expect(response.status, text).toBe(status)
  return expectErrorShape(response, text)
}

/** Like `expectError`, with any status. */
export function expectErrorShape(response: Response, text: string): ApiErrorBody {
  expect(response.headers.get('content-type')).toMatch(/^application\/json\b/)
  expect(response.headers.get('x-request-id')).toMatch(/^[\w-]{8,}$/)
  const body = JSON.parse(text) as { error: ApiErrorBody }
  expect(Object.keys(body)).toEqual(['error'])
  const error = withoutDocUrl(body.error)
  expect(Object.keys(error).sort()).toEqual(['code', 'message', 'param', 'type'])
  const { message, type, param, code } = error
  // What is of a code of sluice's own is explained.
  expect('doc_url' in body.error, text).toBe(code !== null && isOwnCode(code))
  expect(message).toMatch(/\S/)
  expect(message).not.toMatch(/\bat .*:\d+:\d+|node_modules|127\.0\.0\.1/)
  expect(type).toMatch(/_error$/)
  for (const value of [param, code]) expect(value === null || typeof value === 'string').toBe(true)
  return error
}
