import { afterEach, expect, it, vi } from 'vitest'
import { defineEngine } from '../../../src/engines/custom/define-engine.ts'
import { createHandler } from '../../../src/handler.ts'
import { transformWriter } from '../../../src/stream/transform-writer.ts'
import { encodeText } from '../../../src/wire/sse/sse.ts'

const echo = defineEngine({
  label: 'echo',
  models: ['echo'],
  async *chat({ messages }) {
    yield String(messages.at(-1)?.content)
  },
})

afterEach(() => vi.unstubAllGlobals())

it('a handler without a host of its own builds the body of a stream by a TransformStream', async () => {
  const made: TransformStream[] = []
  class Counted extends TransformStream {
    constructor(...args: ConstructorParameters<typeof TransformStream>) {
      super(...args)
      made.push(this)
    }
  }
  vi.stubGlobal('TransformStream', Counted)
  const handler = createHandler({ engines: [echo], insecure: true })
  const response = await handler.fetch(
    new Request('https://sluice.example/v1/chat/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'echo',
        stream: true,
        messages: [{ role: 'user', content: 'Hello' }],
      }),
    }),
  )
  expect(response.status).toBe(200)
  expect(made.some(({ readable }) => readable === response.body)).toBe(true)
  expect(await response.text()).toMatch(/data: \[DONE\]\n\n$/)
})

/** A writer and the one who reads what it writes. */
function pair() {
  const writer = transformWriter()
  const reader = writer.respond().body?.getReader()
  if (reader === undefined) throw new Error('the response has no body')
  const read = async () => new TextDecoder().decode((await reader.read()).value)
  return {
    writer,
    reader,
    read,
    write: (...texts: string[]) => writer.write(texts.map(encodeText)),
  }
}

/** Long enough for all that needs no read to have happened. */
const turn = () => new Promise((resolve) => setTimeout(resolve, 5))

/** What became of a promise so far. */
async function stateOf(promise: Promise<unknown> | undefined): Promise<string> {
  let state = 'pending'
  promise?.then(
    () => {
      state = 'resolved'
    },
    (reason: unknown) => {
      state = `rejected: ${reason}`
    },
  )
  await turn()
  return state
}

it('gives the client at once a piece that it waits for', async () => {
  const { read, write } = pair()
  await turn()
  for (const text of ['a', 'b', 'c']) {
    const reading = read()
    expect(write(text)).toBeUndefined()
    expect(await reading).toBe(text)
  }
})

it('ends a write only when the client has taken its piece', async () => {
  const { read, write } = pair()
  const writing = write('a')
  expect(await stateOf(writing)).toBe('pending')
  expect(await read()).toBe('a')
  expect(await stateOf(writing)).toBe('resolved')
  const next = write('b')
  expect(await stateOf(next)).toBe('pending')
  expect(await read()).toBe('b')
  expect(await stateOf(next)).toBe('resolved')
})

it('ends a write of several pieces only when the client has taken the last one', async () => {
  const { read, write } = pair()
  await turn()
  const reading = read()
  const writing = write('a', 'b', 'c')
  expect(await reading).toBe('a')
  expect(await read()).toBe('b')
  expect(await stateOf(writing)).toBe('pending')
  expect(await read()).toBe('c')
  expect(await stateOf(writing)).toBe('resolved')
})

it('keeps the order of pieces that wait and of those that the client waits for', async () => {
  const { read, write } = pair()
  const got: string[] = []
  let sent = 0
  for (const waiting of [0, 3, 1, 0, 2, 4]) {
    const reading = waiting === 0 ? read() : undefined
    for (let i = 0; i <= waiting; i++) write(`${sent++}`)
    if (waiting % 2 === 0) await turn()
    if (reading) got.push(await reading)
    // One piece is left, and the next ones come behind it.
    while (got.length < sent - 1) got.push(await read())
    if (waiting === 4 || waiting === 3) got.push(await read())
  }
  while (got.length < sent) got.push(await read())
  expect(got).toEqual(Array.from({ length: sent }, (_, at) => `${at}`))
})

it('ends the body behind what is unread, and is closed only when that is read', async () => {
  const { writer, reader, read, write } = pair()
  const writing = write('a')
  void write('b')
  writer.close()
  expect(await stateOf(writer.closed)).toBe('pending')
  expect(await read()).toBe('a')
  expect(await stateOf(writer.closed)).toBe('pending')
  expect(await read()).toBe('b')
  expect(await reader.read()).toEqual({ done: true, value: undefined })
  expect(await stateOf(writing)).toBe('resolved')
  expect(await stateOf(writer.closed)).toBe('resolved')
})

it('is closed at once where the client has all and waits for more', async () => {
  const { writer, reader, read, write } = pair()
  await turn()
  const reading = read()
  expect(write('a')).toBeUndefined()
  writer.close()
  expect(await reading).toBe('a')
  expect(await stateOf(writer.closed)).toBe('resolved')
  expect((await reader.read()).done).toBe(true)
})

it('refuses what is written behind the end', async () => {
  const { writer, reader, write } = pair()
  writer.close()
  expect(await stateOf(write('late'))).toMatch(/^rejected: TypeError/)
  expect((await reader.read()).done).toBe(true)
})

it('refuses what is written behind an end that waits for the client', async () => {
  const { writer, reader, read, write } = pair()
  void write('a')
  writer.close()
  expect(await stateOf(write('late'))).toMatch(/^rejected: TypeError/)
  expect(await read()).toBe('a')
  expect((await reader.read()).done).toBe(true)
})

it('breaks off at once, whatever is unread', async () => {
  const { writer, reader, write } = pair()
  const writing = write('a')
  writer.break('broken')
  expect(await stateOf(writing)).toBe('rejected: broken')
  expect(await stateOf(writer.closed)).toBe('rejected: broken')
  expect(await stateOf(write('b'))).toBe('rejected: broken')
  await expect(reader.read()).rejects.toBe('broken')
})

it('tells every write that the client is gone, and throws nothing', async () => {
  const { writer, reader, write } = pair()
  const writing = write('a')
  await reader.cancel('gone')
  expect(await stateOf(writing)).toBe('rejected: gone')
  expect(await stateOf(writer.closed)).toBe('rejected: gone')
  expect(await stateOf(write('b', 'c'))).toBe('rejected: gone')
  expect(() => {
    writer.close()
    writer.break('late')
  }).not.toThrow()
})

it('notices that a client left that was waiting for more', async () => {
  const { writer, reader, write } = pair()
  await turn()
  const reading = reader.read()
  await reader.cancel('gone')
  expect((await reading).done).toBe(true)
  expect(await stateOf(write('a'))).toBe('rejected: gone')
  expect(await stateOf(writer.closed)).toBe('rejected: gone')
})
