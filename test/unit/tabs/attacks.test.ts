import { describe, expect, it } from 'vitest'
import { answering, chunk, type RawTab, type TabEvent } from '../../support/raw-tab.ts'
import { create, type Said, url } from '../../support/tab-scene.ts'

const errorOf = async (response: Response): Promise<Said> => ((await response.json()) as Said).error

/** Answers a request by what `how` makes of its id. */
function by(how: (id: number) => object[]) {
  return ({ kind, message }: TabEvent, tab: RawTab) => {
    if (kind === 'ask' && message.kind === 'chat') void tab.reply(...how(message.id))
  }
}

describe('a tab that misbehaves', () => {
  const content = (n: number) => Array.from({ length: n }, () => chunk({ content: 'a' }))

  it.each<[string, (id: number) => object[], object, string]>([
    [
      'a tool that nobody offered',
      (id) => [
        { kind: 'begun', id },
        {
          kind: 'chunks',
          id,
          chunks: [
            chunk({
              tool_calls: [
                { index: 0, id: 'x', type: 'function', function: { name: 'rm', arguments: '{}' } },
              ],
            }),
            chunk({}, { finish_reason: 'tool_calls' }),
          ],
        },
        { kind: 'done', id },
      ],
      {},
      'engine_invalid',
    ],
    [
      'more chunks than tokens were asked for',
      (id) => [
        { kind: 'begun', id },
        { kind: 'chunks', id, chunks: content(100) },
      ],
      { max_tokens: 5 },
      'engine_invalid',
    ],
    [
      'more than it has credit for',
      (id) => [
        { kind: 'begun', id },
        ...Array.from({ length: 50 }, () => ({ kind: 'chunks', id, chunks: content(64) })),
      ],
      {},
      'engine_lost',
    ],
    [
      'chunks with choices that are none',
      (id) => [
        { kind: 'begun', id },
        { kind: 'chunks', id, chunks: [{ choices: [null] }] },
      ],
      {},
      'engine_invalid',
    ],
    [
      'nothing but an end',
      (id) => [
        { kind: 'begun', id },
        { kind: 'done', id },
      ],
      {},
      'engine_incomplete',
    ],
    [
      'an error with a status that there is not',
      (id) => [
        {
          kind: 'error',
          id,
          error: {
            status: 999,
            message: 'x\u001b[2J',
            type: 'a b\n',
            code: 'my_code',
            param: null,
          },
        },
      ],
      {},
      'my_code',
    ],
    [
      'an error that would be a success',
      (id) => [
        {
          kind: 'error',
          id,
          error: { status: 200, message: 'fine', type: 'ok', code: null, param: null },
        },
      ],
      {},
      'null',
    ],
  ])('sends %s: the request fails by name', async (_, how, body, code) => {
    for (const stream of [false, true]) {
      const { join, ask } = create()
      await join({ onEvent: by(how) })
      const response = await ask({ ...body, stream })
      expect(response.status === 200 || response.status >= 502).toBe(true)
      const text = await response.text()
      expect(text).toContain(code === 'null' ? '"error"' : `"code":"${code}"`)
      expect(text).not.toContain('data: [DONE]')
      expect(text).not.toContain('\u001b')
      expect(text).not.toContain('"rm"')
    }
  })

  it.each<[string, object, number]>([
    ['of a kind that there is not', { kind: 'here', life: 'x' }, 400],
    ['that lists other models', { kind: 'models', id: 1, models: [] }, 400],
    ['with chunks that are none', { kind: 'chunks', id: 1, chunks: [null] }, 400],
    ['with a number for chunks', { kind: 'chunks', id: 1, chunks: 7 }, 400],
    [
      'for a request that was not made',
      { kind: 'chunks', id: 99, chunks: [chunk({ content: 'a' })] },
      200,
    ],
    [
      'of a huge text',
      { kind: 'progress', id: 1, progress: { model: 'm', done: 0, text: 'a'.repeat(10_000) } },
      400,
    ],
    ['with an id that is no integer', { kind: 'done', id: 1.5 }, 400],
    ['with an id of another type', { kind: 'done', id: null }, 400],
  ])('sends a message %s', async (_, message, status) => {
    const { join } = create()
    const tab = await join()
    expect((await tab.reply(message)).status).toBe(status)
  })

  it.each<[string, object, number, string]>([
    ['leaves some out', { seq: 5 }, 409, 'messages_missing'],
    ['confirms what was not sent', { ack: 7 }, 400, 'invalid_value'],
    ['counts below 1', { seq: -1 }, 400, 'invalid_value'],
    ['counts beyond what a number holds', { seq: 1e300 }, 400, 'invalid_value'],
    ['sends no list', { messages: {} }, 400, 'invalid_value'],
  ])('%s: it is told so', async (_, fields, status, code) => {
    const { join } = create()
    const tab = await join()
    const response = await tab.tell([{ kind: 'tell', message: { kind: 'pong' } }], fields)
    expect(response.status).toBe(status)
    expect((await errorOf(response)).code).toBe(code)
  })

  it('sends more than a body may hold', async () => {
    const { join } = create()
    const tab = await join()
    const response = await tab.tell(['a'.repeat(21_000_000)])
    expect(response.status).toBe(413)
  })

  it('goes on after the end: nothing of it reaches the next request', async () => {
    const { join, ask } = create()
    const seen: number[] = []
    await join({
      onEvent: ({ kind, message }, tab) => {
        if (kind !== 'ask' || message.kind !== 'chat') return
        const { id } = message
        seen.push(id)
        const late =
          seen.length > 1
            ? [{ kind: 'chunks', id: seen[0], chunks: [chunk({ content: 'LATE' })] }]
            : []
        void tab.reply(
          { kind: 'begun', id },
          ...late,
          {
            kind: 'chunks',
            id,
            chunks: [chunk({ content: 'now' }), chunk({}, { finish_reason: 'stop' })],
          },
          { kind: 'done', id },
          { kind: 'chunks', id, chunks: [chunk({ content: 'LATE' })] },
        )
      },
    })
    for (let n = 0; n < 3; n++) {
      const text = await (await ask({ stream: n > 1 })).text()
      expect(text).toContain('now')
      expect(text).not.toContain('LATE')
    }
  })

  it('reports progress with line ends: they stay in a comment', async () => {
    const { join, ask } = create()
    await join({
      onEvent: by((id) => [
        {
          kind: 'progress',
          id,
          progress: { model: 'm', done: 0.5, text: 'a\n\ndata: {"x":1}\n\n' },
        },
        { kind: 'begun', id },
        {
          kind: 'chunks',
          id,
          chunks: [chunk({ content: 'b' }), chunk({}, { finish_reason: 'stop' })],
        },
        { kind: 'done', id },
      ]),
    })
    expect(await (await ask({ stream: true })).text()).not.toContain('data: {"x":1}')
  })

  it('confirms nothing: it is dismissed before much waits for it', async () => {
    const { join, ask, get } = create()
    const tab = await join({
      onEvent: by((id) => [
        {
          kind: 'error',
          id,
          error: { status: 503, message: 'no', type: 'x', code: null, param: null },
        },
      ]),
    })
    Object.defineProperty(tab, 'seq', { get: () => 0, set: () => {} })
    for (let n = 0; n < 300; n++) {
      const { status } = await ask()
      if (status === 404) break
    }
    expect((await get('/v1/tabs', 'root')).data).toEqual([])
  })

  it('sends vectors that are none', async () => {
    const { join, send } = create()
    const answers = ['<script>', '{}', '{"data":[{"embedding":"x"}]}', '{"data":[]}']
    await join({
      onEvent: ({ kind, message }, tab) => {
        if (kind !== 'ask' || message.kind !== 'embed') return
        const { id } = message
        void tab.reply({ kind: 'embedded', id, json: answers.shift() ?? '' }, { kind: 'done', id })
      },
    })
    for (let n = 0; n < 3; n++) {
      const response = await send(`${url}/v1/embeddings`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: 'Bearer ann' },
        body: JSON.stringify({ model: 'm', input: 'a' }),
      })
      expect(response.status).toBe(502)
    }
  })

  it('is not asked for what is too long for it', async () => {
    const { join, ask } = create()
    const tab = await join({ onEvent: answering(['a']) })
    const response = await ask({ messages: [{ role: 'user', content: 'a'.repeat(4_300_000) }] })
    expect((await errorOf(response)).message).toContain('4 MiB')
    expect(tab.events.filter(({ kind }) => kind === 'ask')).toEqual([])
  })
})
