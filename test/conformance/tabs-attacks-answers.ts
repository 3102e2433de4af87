import { expect, it } from 'vitest'
import { answering, chunk, type RawTab, type TabEvent } from '../support/raw-tab.ts'
import type { Attacked } from './tabs-attacks.ts'

type Said = object[]

/** Answers a request by what `how` makes of its id. */
function by(how: (id: number) => Said) {
  return ({ kind, message }: TabEvent, tab: RawTab) => {
    if (kind === 'ask' && message.kind === 'chat') void tab.reply(...how(message.id))
  }
}

/** An answer of these chunks, to its end. */
const whole = (id: number, ...chunks: object[]): Said => [
  { kind: 'begun', id },
  { kind: 'chunks', id, chunks: [...chunks, chunk({}, { finish_reason: 'stop' })] },
  { kind: 'done', id },
]

const content = (n: number) => Array.from({ length: n }, () => chunk({ content: 'a' }))

const call = { index: 0, id: 'x', type: 'function', function: { name: 'rm', arguments: '{}' } }

const failure = (status: number, more: object = {}) => ({
  ...{ status, message: 'fine', type: 'ok', code: null, param: null },
  ...more,
})

interface Misdeed {
  name: string
  how(id: number): Said
  body?: object
  /** In the error that the client gets; undefined where the tab’s own says none. */
  code?: string
}

const MISDEEDS: Misdeed[] = [
  {
    name: 'a tool that nobody offered',
    how: (id) => whole(id, chunk({ tool_calls: [call] })),
    code: 'engine_invalid',
  },
  {
    name: 'more chunks than tokens were asked for',
    how: (id) => [
      { kind: 'begun', id },
      { kind: 'chunks', id, chunks: content(100) },
    ],
    body: { max_tokens: 5 },
    code: 'engine_invalid',
  },
  {
    name: 'more than it has credit for',
    how: (id) => [
      { kind: 'begun', id },
      ...Array.from({ length: 50 }, () => ({ kind: 'chunks', id, chunks: content(64) })),
    ],
    code: 'engine_lost',
  },
  {
    name: 'chunks with choices that are none',
    how: (id) => [
      { kind: 'begun', id },
      { kind: 'chunks', id, chunks: [{ choices: [null] }] },
    ],
    code: 'engine_invalid',
  },
  {
    name: 'nothing but an end',
    how: (id) => [
      { kind: 'begun', id },
      { kind: 'done', id },
    ],
    code: 'engine_incomplete',
  },
  {
    name: 'vectors, of which it was not asked for any',
    how: (id) => [{ kind: 'embedded', id, json: '{"data":[]}' }],
    code: 'engine_lost',
  },
  {
    name: 'an error with a status that there is not',
    how: (id) => {
      const words = { message: 'x\u001b[2J', type: 'a b\n', code: 'my_code' }
      return [{ kind: 'error', id, error: failure(999, words) }]
    },
    code: 'my_code',
  },
  {
    name: 'an error that would be a success',
    how: (id) => [{ kind: 'error', id, error: failure(200) }],
  },
]

/** A tab that answers what it should not. */
export function answersOfTabs(attacked: () => Attacked): void {
  it.each(MISDEEDS)('$name: the request fails by name', async ({ how, body, code }) => {
    const { join, ask } = attacked()
    for (const stream of [false, true]) {
      const tab = await join({ onEvent: by(how) })
      const response = await ask({ ...body, stream })
      expect(response.status === 200 || response.status >= 502).toBe(true)
      const text = await response.text()
      expect(text).toContain(code === undefined ? '"error"' : `"code":"${code}"`)
      expect(text).not.toContain('data: [DONE]')
      expect(text).not.toContain('\u001b')
      expect(text).not.toContain('"rm"')
      await tab.leave()
    }
  })

  it('what comes after the end: nothing of it reaches the next request', async () => {
    const { join, ask } = attacked()
    const seen: number[] = []
    const late = (id: number) => ({ kind: 'chunks', id, chunks: [chunk({ content: 'LATE' })] })
    await join({
      onEvent: by((id) => {
        seen.push(id)
        const former = seen.length > 1 ? [late(seen[0] ?? 0)] : []
        const [begun = {}, ...rest] = whole(id, chunk({ content: 'now' }))
        return [begun, ...former, ...rest, late(id)]
      }),
    })
    for (let n = 0; n < 3; n++) {
      const text = await (await ask({ stream: n > 1 })).text()
      expect(text).toContain('now')
      expect(text).not.toContain('LATE')
    }
  })

  it('progress with line ends: they stay in a comment', async () => {
    const { join, ask } = attacked()
    const progress = { model: 'm', done: 0.5, text: 'a\n\ndata: {"x":1}\n\n' }
    await join({
      onEvent: by((id) => [
        { kind: 'progress', id, progress },
        ...whole(id, chunk({ content: 'b' })),
      ]),
    })
    expect(await (await ask({ stream: true })).text()).not.toContain('data: {"x":1}')
  })

  it.each(['<script>', '{}', '{"data":[{"embedding":"x"}]}', '{"data":[]}'])(
    'vectors that are none: %s',
    async (json) => {
      const { join, post } = attacked()
      await join({
        onEvent({ kind, message }, tab) {
          if (kind !== 'ask' || message.kind !== 'embed') return
          const { id } = message
          void tab.reply({ kind: 'embedded', id, json }, { kind: 'done', id })
        },
      })
      const response = await post('/v1/embeddings', { model: 'm', input: 'a' }, 'ann')
      expect(response.status).toBe(502)
      expect(await response.text()).not.toContain('<script>')
    },
  )

  it('a tab is not asked for what is too long for it', async () => {
    const { join, ask, expectRefusal } = attacked()
    const tab = await join({ onEvent: answering(['a']) })
    const response = await ask({ messages: [{ role: 'user', content: 'a'.repeat(4_300_000) }] })
    expect((await expectRefusal(response, 501)).message).toContain('4 MiB')
    expect(tab.events.filter(({ kind }) => kind === 'ask')).toEqual([])
  })
}
