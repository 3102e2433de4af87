import { describe, expect, it } from 'vitest'
import { answering, chunk, type RawTab, type TabEvent } from '../../support/raw-tab.ts'
import { create, type Said } from '../../support/tab-scene.ts'

/** How each API is asked, and what ends its streams where all is well. */
const APIS: [string, string, object, RegExp][] = [
  ['/v1/chat/completions', 'chat', {}, /\[DONE\]/],
  ['/v1/completions', 'complete', { prompt: 'Hi', messages: undefined }, /\[DONE\]/],
  ['/v1/responses', 'chat', { input: 'Hi', messages: undefined }, /response\.completed/],
  ['/v1/messages', 'chat', { max_tokens: 100 }, /message_stop/],
  ['/api/chat', 'chat', {}, /"done":true/],
]

function part(kind: string, text: string, reason: string | null = null): object {
  if (kind === 'chat')
    return reason ? chunk({}, { finish_reason: reason }) : chunk({ content: text })
  const choices = [{ index: 0, text, finish_reason: reason, logprobs: null }]
  return { id: 'c', object: 'text_completion', created: 1, model: 'm', choices }
}

/** Dies after it has sent so many chunks; at 0 it dies before it begins. */
function dying(after: number, asked: string[] = []) {
  return ({ kind, message }: TabEvent, tab: RawTab) => {
    if (kind !== 'ask' || !('request' in message)) return
    asked.push(tab.name)
    const { id } = message
    const chunks = Array.from({ length: after }, () => part(message.kind, 'half '))
    const said =
      after > 0
        ? [
            { kind: 'begun', id },
            { kind: 'chunks', id, chunks },
          ]
        : []
    void tab.reply(...said).then(() =>
      // The client gets what came before.
      setTimeout(() => tab.tell([{ kind: 'leaving' }]), 30),
    )
  }
}

function whole(asked: string[] = []) {
  return ({ kind, message }: TabEvent, tab: RawTab) => {
    if (kind !== 'ask' || !('request' in message)) return
    asked.push(tab.name)
    const { id } = message
    const chunks = [part(message.kind, 'whole'), part(message.kind, '', 'stop')]
    void tab.reply({ kind: 'begun', id }, { kind: 'chunks', id, chunks }, { kind: 'done', id })
  }
}

describe.each(APIS)('a tab that is lost, asked by %s', (path, _kind, body, end) => {
  it('before the first token: another one answers, and the client sees nothing', async () => {
    const { join, ask } = create()
    const asked: string[] = []
    await join({ onEvent: dying(0, asked) })
    await join({ onEvent: whole(asked), hello: { visible: false } })
    const text = await (await ask({ ...body, stream: true }, 'ann', path)).text()
    expect(asked).toEqual(['phone', 'phone-2'])
    expect(text).toContain('whole')
    expect(text).toMatch(end)
    expect(text).not.toMatch(/"error":[{"]|event: error/)
  })

  it('in the middle of a stream: it ends with engine_lost, and without a mark of its end', async () => {
    const { join, ask } = create()
    const asked: string[] = []
    await join({ onEvent: dying(3, asked) })
    await join({ onEvent: whole(asked), hello: { visible: false } })
    const text = await (await ask({ ...body, stream: true }, 'ann', path)).text()
    expect(asked).toEqual(['phone'])
    expect(text).toContain('half')
    expect(text).not.toContain('whole')
    expect(text).toMatch(path === '/api/chat' ? /"error":"/ : /engine_lost/)
    expect(text).not.toMatch(end)
  })

  it('in the middle of an answer that is not streamed: another one answers anew', async () => {
    const { join, ask } = create()
    const asked: string[] = []
    await join({ onEvent: dying(3, asked) })
    await join({ onEvent: whole(asked), hello: { visible: false } })
    const response = await ask({ ...body, stream: false }, 'ann', path)
    const text = await response.text()
    expect(text).toContain('whole')
    expect(text).not.toContain('half')
    expect(response.status).toBe(200)
    expect(asked).toEqual(['phone', 'phone-2'])
  })

  it('where there is no other one: 503', async () => {
    const { join, ask } = create()
    await join({ onEvent: dying(0) })
    const response = await ask({ ...body, stream: false }, 'ann', path)
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).not.toBeNull()
  })
})

it('however many tabs are lost, the next one is asked', async () => {
  const { join, ask } = create()
  const asked: string[] = []
  for (let n = 0; n < 6; n++) await join({ onEvent: dying(0, asked) })
  await join({ onEvent: whole(asked), hello: { visible: false } })
  expect((await ask()).status).toBe(200)
  expect(asked).toHaveLength(7)
})

describe('the tab that answers', () => {
  const order = async (...hellos: object[]) => {
    const { join, ask } = create()
    const asked: string[] = []
    const states = hellos.map((hello) => ('models' in hello ? hello : { models: undefined, hello }))
    for (const [n, state] of states.entries()) {
      await join({
        ...(state as object),
        onEvent: (event, tab) => {
          if (event.kind === 'ask' && 'request' in event.message) asked.push(String(n))
          answering(['a'])(event, tab)
        },
      })
    }
    expect((await ask()).status).toBe(200)
    return asked.join()
  }

  it.each<[string, object, object]>([
    ['has the model loaded', { models: [{ id: 'm', state: 'cached' }] }, { visible: false }],
    ['is seen', { visible: false, tokensPerSecond: 90 }, { tokensPerSecond: 5, charging: false }],
    ['is faster', { tokensPerSecond: 5 }, { tokensPerSecond: 60, charging: false }],
    ['has mains power', { charging: false }, { charging: true }],
    ['is not paused', { paused: true }, { visible: false, charging: false }],
  ])('is the one that %s', async (_, worse, better) => {
    expect(await order(worse, better)).toBe('1')
    expect(await order(better, worse)).toBe('0')
  })

  it('is the one that is free, and with all busy the request waits for its turn', async () => {
    const { join, ask } = create()
    const running: Record<string, number> = {}
    let most = 0
    const slowly = ({ kind, message }: TabEvent, tab: RawTab) => {
      if (kind !== 'ask' || message.kind !== 'chat') return
      const { id } = message
      running[tab.name] = (running[tab.name] ?? 0) + 1
      most = Math.max(most, running[tab.name] ?? 0)
      setTimeout(() => {
        running[tab.name] = (running[tab.name] ?? 0) - 1
        const chunks = [chunk({ content: tab.name }), chunk({}, { finish_reason: 'stop' })]
        void tab.reply({ kind: 'begun', id }, { kind: 'chunks', id, chunks }, { kind: 'done', id })
      }, 40)
    }
    await join({ onEvent: slowly })
    await join({ onEvent: slowly })
    const answers = await Promise.all(Array.from({ length: 10 }, async () => (await ask()).json()))
    const by = answers.map((answer) => (answer as Said).choices[0].message.content)
    expect(most).toBe(1)
    expect(by.filter((name) => name === 'phone')).toHaveLength(5)
  })
})
