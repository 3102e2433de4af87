// Every code that a client can see leads to what it means, in each form of an error that has room for it.

import { beforeAll, describe, expect, it } from 'vitest'
import { ApiError, createHandler, defineEngine, type Handler } from '../../../src/index.ts'
import { lastEvent } from '../../../src/routes/runs/last-event.ts'
import { OWN_CODES, type OwnCode } from '../../../src/wire/errors/own-codes.ts'

const origin = 'http://sluice.test'
const pageOf = (code: string) => `${origin}/docs/errors/${code}`

/** It leads to the name that was refused. */
const UNLINKED: ReadonlySet<string> = new Set<OwnCode>(['host_not_allowed'])

interface Told {
  doc_url?: string
  code?: string
  error_code?: string
}

/** The part of an error's JSON that has its link: the error of a body, a frame or a failed response. */
function linksIn(value: unknown): Told[] {
  if (typeof value !== 'object' || value === null) return []
  const own = value as Told
  return [
    ...(own.doc_url === undefined ? [] : [own]),
    ...Object.values(value).flatMap((each) => linksIn(each)),
  ]
}

function framesOf(text: string): unknown[] {
  return [...text.matchAll(/^data: (\{.*)$/gm)].map(([, json = '']) => JSON.parse(json))
}

const messages = [{ role: 'user', content: 'Hi' }]
const ASKED: Record<string, { path: string; body: object }> = {
  chat: { path: '/v1/chat/completions', body: { messages } },
  messages: { path: '/v1/messages', body: { messages, max_tokens: 9 } },
  responses: { path: '/v1/responses', body: { input: 'Hi' } },
}

/** With an engine that fails with the code that its model is called, before or after its first word. */
function failing(code: string): Handler {
  return createHandler({
    insecure: true,
    engines: [
      defineEngine({
        label: 'failing',
        models: ['early', 'late'],
        async *chat({ model }) {
          if (model === 'late') yield 'A word. '
          throw new ApiError(400, 'It failed.', { code })
        },
      }),
    ],
  })
}

async function ask(handler: Handler, name: string, model: string, stream: boolean) {
  const { path, body } = ASKED[name] ?? { path: '', body: {} }
  const response = await handler.fetch(
    new Request(origin + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model, stream, ...body }),
    }),
  )
  return response.text()
}

describe.each(OWN_CODES.filter((code) => !UNLINKED.has(code)))('%s', (code) => {
  let handler: Handler
  beforeAll(() => {
    handler = failing(code)
  })

  it('has a page', async () => {
    const response = await handler.fetch(new Request(pageOf(code)))
    expect(response.status).toBe(200)
    expect(await response.text()).toContain(`# ${code}`)
  })

  // The engine that says so is asked again, until it has the model.
  const asked = code === 'model_loading' ? [] : Object.keys(ASKED)
  it.each(asked)('leads there as an answer and as an event of %s', async (name) => {
    const whole = linksIn(JSON.parse(await ask(handler, name, 'early', false)))
    expect(whole.map(({ doc_url }) => doc_url)).toEqual([pageOf(code)])
    const frames = framesOf(await ask(handler, name, 'late', true))
    const links = linksIn(frames.slice(1))
    expect(links.length).toBeGreaterThan(0)
    expect(new Set(links.map(({ doc_url }) => doc_url))).toEqual(new Set([pageOf(code)]))
  })

  it.each(['chat', 'completions', 'messages', 'responses'] as const)(
    'leads there as the last event of a stream of %s that goes on without its client',
    (api) => {
      const error = new ApiError(499, 'It is over.', { code })
      const info = { api, hasIds: true }
      const key = { owner: '', id: 'strm_1' }
      const text = lastEvent(key, info, error, { number: 7, docs: pageOf })
      expect(linksIn(framesOf(text)).map(({ doc_url }) => doc_url)).toEqual([pageOf(code)])
    },
  )
})
