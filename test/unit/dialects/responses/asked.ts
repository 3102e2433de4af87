import { expect } from 'vitest'
import { translate } from '../../../../src/dialects/responses/dialect.ts'
import { contextOf } from '../../../../src/routes/responses/context.ts'
import { memoryResponseStore } from '../../../../src/state/response-store.ts'
import type { ChatRequest } from '../../../../src/wire/chat/request.ts'
import { ApiError } from '../../../../src/wire/errors/api-error.ts'
import { parseResponsesRequest } from '../../../../src/wire/responses/request.ts'

export async function chatOf(body: object): Promise<ChatRequest> {
  const request = parseResponsesRequest({ input: 'Go.', ...body })
  const items = await contextOf(memoryResponseStore(), '', request, 'resp_1')
  const telling = { usage: () => undefined, onChange: undefined }
  return translate(request, items, 'resp_1', telling, 512).chat
}

export async function refusal(body: object): Promise<ApiError> {
  const error = await chatOf(body).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(ApiError)
  return error as ApiError
}

export const go = { role: 'user', content: 'Go.' }

export const call = (id: string) => ({
  type: 'function_call',
  call_id: id,
  name: id,
  arguments: '{}',
})

export const output = (id: string, text: unknown = 'x') => ({
  type: 'function_call_output',
  call_id: id,
  output: text,
})

export const called = (...ids: string[]) =>
  ids.map((id) => ({ id, type: 'function', function: { name: id, arguments: '{}' } }))

export const said = (text: string) => ({
  type: 'message',
  role: 'assistant',
  content: [{ type: 'output_text', text, annotations: [] }],
})

export const thought = (text: string) => ({
  type: 'reasoning',
  summary: [],
  content: [{ type: 'reasoning_text', text }],
})

export const told = (id: string, content: unknown = 'x') => ({
  role: 'tool',
  tool_call_id: id,
  content,
})

export const f = { type: 'function', name: 'f', parameters: { type: 'object' } }

export const g = { type: 'function', name: 'g' }

export const tool = (name: string, more: object = {}) => ({
  type: 'function',
  function: { name, ...more },
})
