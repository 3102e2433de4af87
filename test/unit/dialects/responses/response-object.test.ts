import { expect, it } from 'vitest'
import { newResponse } from '../../../../src/dialects/responses/answer.ts'
import type { ResponsesRequest } from '../../../../src/wire/responses/request.ts'

const of = (request: ResponsesRequest) => newResponse(request, 'resp_1', 'in_progress')

it('tells the defaults of the API where nothing was asked for', () => {
  expect(of({})).toMatchObject({
    temperature: 1,
    top_p: 1,
    presence_penalty: 0,
    frequency_penalty: 0,
    service_tier: 'default',
    truncation: 'disabled',
  })
})

it('tells what was asked for, but not what nobody is known to have given', () => {
  const asked = {
    temperature: 0,
    top_p: 0.5,
    presence_penalty: 1,
    frequency_penalty: -1,
    truncation: 'auto' as const,
  }
  expect(of({ ...asked, service_tier: 'flex' })).toMatchObject({
    ...asked,
    service_tier: 'default',
  })
})

it('tells every field of a function, and other tools as they came', () => {
  const search = { type: 'web_search' }
  const { tools } = of({ tools: [{ type: 'function', name: 'f' }, search] })
  expect(tools).toEqual([
    { type: 'function', name: 'f', description: null, parameters: null, strict: null },
    search,
  ])
})
