import { describe, expect, it } from 'vitest'
import { createHostedHandler } from '../../../src/handler.ts'

const BLOB = `/api/blobs/sha256:${'a'.repeat(64)}`

type Answer = (body: string, signal: AbortSignal | undefined) => Response | Promise<Response>

/** A handler in front of an Ollama, for admins that may use the models whose names start with `own`. */
function managing(answers: Record<string, Answer>, settings: object = {}, isLimited = true) {
  const asked: string[] = []
  const bodies: string[] = []
  const send = async (url: string, { method = 'GET', body, signal }: RequestInit = {}) => {
    const { pathname } = new URL(url)
    asked.push(`${method} ${pathname}`)
    if (pathname === '/v1/models') {
      return Response.json({ data: [{ id: 'own:latest', object: 'model', owned_by: 'library' }] })
    }
    const text = body instanceof Uint8Array ? new TextDecoder().decode(body) : ''
    if (text !== '') bodies.push(text)
    const answer = answers[`${method} ${pathname}`] ?? answers[pathname]
    return (
      answer?.(text, signal ?? undefined) ?? new Response('404 page not found', { status: 404 })
    )
  }
  const caller = { name: 'ann', admin: true, ...(isLimited && { models: ['own*'] }) }
  const handler = createHostedHandler(
    { upstream: [{ label: 'gpu', url: 'http://gpu/v1' }], discover: false, ...settings },
    { fetch: send as never, authenticate: () => caller },
  )
  const ask = async (method: string, path: string, body?: string) => {
    const response = await handler.fetch(
      new Request(`http://localhost${path}`, {
        method,
        headers: { 'content-type': 'application/json' },
        ...(body !== undefined && { body }),
      }),
    )
    return { status: response.status, text: await response.text() }
  }
  return { asked, bodies, ask }
}

const done = () => Response.json({ status: 'success' })

describe('the models that an admin may use', () => {
  const answers = { '/api/delete': done, '/api/copy': done, '/api/create': done, '/api/pull': done }

  it.each([
    ['DELETE', '/api/delete', '{"Name":"hidden"}', 'name'],
    ['DELETE', '/api/delete', '{"name":"own","NAME":"hidden"}', 'name'],
    ['DELETE', '/api/delete', '{"Model":"hidden"}', 'model'],
    ['POST', '/api/copy', '{"Source":"hidden","destination":"own2"}', 'source'],
    ['POST', '/api/copy', '{"source":"own","ſource":"hidden","destination":"own2"}', 'source'],
    [
      'POST',
      '/api/copy',
      '{"source":"own","\\u017fource":"hidden","destination":"own2"}',
      'source',
    ],
    ['POST', '/api/copy', '{"source":"own","Destination":"hidden"}', 'destination'],
    ['POST', '/api/create', '{"model":"own2","From":"hidden"}', 'from'],
  ])('are not left by another spelling: %s %s %s', async (method, path, body, field) => {
    const { ask, bodies } = managing(answers)
    const { status, text } = await ask(method, path, body)
    expect({ status, bodies }).toEqual({ status: 400, bodies: [] })
    expect(JSON.parse(text).error).toMatch(`${field}: expected this name in lower case`)
  })

  it('are those of the field that the server gets', async () => {
    const { ask, bodies } = managing(answers)
    const twice = '{"name":"hidden","name":"own"}'
    expect((await ask('DELETE', '/api/delete', twice)).status).toBe(200)
    expect(bodies).toEqual(['{"name":"own"}'])
    const other = '{"name":"own","name":"hidden"}'
    expect((await ask('DELETE', '/api/delete', other)).status).toBe(403)
    expect(bodies).toHaveLength(1)
  })

  it.each(['modelfile', 'path'])('are not left by a %s', async (field) => {
    const body = JSON.stringify({ model: 'own2', [field]: 'FROM hidden' })
    const limited = managing(answers)
    expect((await limited.ask('POST', '/api/create', body)).status).toBe(403)
    expect(limited.bodies).toEqual([])
    const any = managing(answers, {}, false)
    expect((await any.ask('POST', '/api/create', body)).status).toBe(200)
    expect(any.bodies).toEqual([body])
  })
})

describe('a file of Ollama’s', () => {
  it('is found once it was sent', async () => {
    let isThere = false
    const { ask, asked } = managing({
      [`HEAD ${BLOB}`]: () => new Response(null, { status: isThere ? 200 : 404 }),
      [`POST ${BLOB}`]: () => {
        isThere = true
        return Response.json({}, { status: 201 })
      },
    })
    const find = async () => (await ask('HEAD', BLOB)).status
    expect(await find()).toBe(404)
    expect((await ask('POST', BLOB, 'x')).status).toBe(201)
    expect(await find()).toBe(200)
    // It is no model: the lists need not be read again.
    expect(asked.filter((each) => each.endsWith('/v1/models'))).toHaveLength(1)
  })
})

const lines = (...all: object[]) => {
  const text = all.map((each) => `${JSON.stringify(each)}\n`).join('')
  return new Response(text, { headers: { 'content-type': 'application/x-ndjson' } })
}

describe('a client that wants only the end of a pull', () => {
  const asking = '{"model":"own","stream":false}'
  const pull = async (...told: object[]) => {
    const it = managing({ '/api/pull': () => lines(...told) })
    return { ...(await it.ask('POST', '/api/pull', asking)), sent: it.bodies }
  }

  it('gets it, whatever the server told before', async () => {
    const told = [{ status: 'pulling manifest' }, { status: 'success' }]
    expect(await pull(...told)).toEqual({
      ...{ status: 200, text: '{"status":"success"}' },
      sent: ['{"model":"own","stream":true}'],
    })
  })

  it('gets the error that ended it, and never a success that nobody told', async () => {
    const failed = await pull({ status: 'pulling manifest' }, { error: 'no such model' })
    expect(failed.status).toBe(502)
    expect(failed.text).toContain('no such model')
    for (const told of [[], [{ status: 'pulling manifest' }]]) {
      const cut = await pull(...told)
      expect(cut.status).toBe(502)
      expect(cut.text).toContain('before a line with status: success')
    }
  })

  it('waits longer than for an answer, as does one that wants all of it', async () => {
    const slow = (text: string) => {
      let timer: ReturnType<typeof setTimeout>
      const body = new ReadableStream({
        async pull(controller) {
          await new Promise((resolve) => {
            timer = setTimeout(resolve, 150)
          })
          controller.enqueue(new TextEncoder().encode(text))
          controller.close()
        },
        cancel: () => clearTimeout(timer),
      })
      return new Response(body, { headers: { 'content-type': 'application/x-ndjson' } })
    }
    const limits = { answerTimeout: 40, firstTokenTimeout: 40, tokenTimeout: 40 }
    for (const stream of [true, false]) {
      const { ask } = managing({ '/api/pull': () => slow('{"status":"success"}\n') }, limits)
      const body = JSON.stringify({ model: 'own', stream })
      expect(await ask('POST', '/api/pull', body)).toMatchObject({
        ...{ status: 200, text: expect.stringContaining('success') },
      })
    }
  })

  it('does not wait so for what is done at once', async () => {
    const silent: Answer = (_, signal) =>
      new Promise((_resolve, reject) =>
        signal?.addEventListener('abort', () => reject(signal.reason)),
      )
    const { ask } = managing({ '/api/delete': silent }, { answerTimeout: 40 })
    expect((await ask('DELETE', '/api/delete', '{"model":"own"}')).status).toBe(504)
  })
})
