import { describe, expect, it } from 'vitest'
import { PulledWriter } from '../../../src/stream/pulled-writer.ts'
import { encodeText } from '../../../src/wire/sse/sse.ts'

/** Lets everything that is due without a timer happen. */
const turn = () => new Promise((resolve) => setTimeout(resolve))

const textOf = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes)

/** Whether a promise has settled, and how. */
function watched(promise: Promise<unknown> | undefined) {
  const state = { how: 'waiting' as 'waiting' | 'taken' | 'refused', why: undefined as unknown }
  promise?.then(
    () => {
      state.how = 'taken'
    },
    (why: unknown) => {
      state.how = 'refused'
      state.why = why
    },
  )
  return state
}

describe('what is written', () => {
  it('waits until somebody reads, piece by piece', async () => {
    const writer = new PulledWriter()
    const taken = watched(writer.write([encodeText('a'), encodeText('b')]))
    await turn()
    expect(taken.how).toBe('waiting')
    const reader = writer.readable.getReader()
    expect(textOf((await reader.read()).value)).toBe('a')
    await turn()
    expect(taken.how).toBe('waiting')
    expect(textOf((await reader.read()).value)).toBe('b')
    await turn()
    expect(taken.how).toBe('taken')
  })

  it('is taken at once by a client that waits for it', async () => {
    const writer = new PulledWriter()
    const reading = writer.readable.getReader().read()
    await turn()
    expect(writer.write([encodeText('a')])).toBeUndefined()
    expect(textOf((await reading).value)).toBe('a')
    // Nobody has asked for this one.
    const taken = watched(writer.write([encodeText('b')]))
    await turn()
    expect(taken.how).toBe('waiting')
  })

  it('keeps its order', async () => {
    const writer = new PulledWriter()
    const reader = writer.readable.getReader()
    const first = reader.read()
    await turn()
    writer.write([encodeText('1'), encodeText('2')])
    writer.write([encodeText('3')])
    const texts = [await first, await reader.read(), await reader.read()].map(({ value }) =>
      textOf(value),
    )
    expect(texts).toEqual(['1', '2', '3'])
  })
})

describe('the end', () => {
  it('comes behind what was written, and is told when all of it was read', async () => {
    const writer = new PulledWriter()
    writer.write([encodeText('last')])
    writer.close()
    const closed = watched(writer.closed)
    await turn()
    expect(closed.how).toBe('waiting')
    expect(await new Response(writer.readable).text()).toBe('last')
    await turn()
    expect(closed.how).toBe('taken')
    await expect(writer.write([encodeText('more')])).rejects.toThrow('the body has ended')
  })

  it('takes nothing more once it is on its way', async () => {
    const writer = new PulledWriter()
    const last = watched(writer.write([encodeText('last')]))
    writer.close()
    await expect(writer.write([encodeText('more')])).rejects.toThrow('the body has ended')
    expect(await new Response(writer.readable).text()).toBe('last')
    await turn()
    expect(last.how).toBe('taken')
  })

  it('of a body that breaks off leaves out what nobody has read', async () => {
    const writer = new PulledWriter()
    const taken = watched(writer.write([encodeText('unread')]))
    const closed = watched(writer.closed)
    const why = new Error('the engine stopped')
    writer.break(why)
    writer.break(new Error('again'))
    writer.close()
    await expect(new Response(writer.readable).text()).rejects.toThrow('the engine stopped')
    expect([taken, closed]).toEqual([
      { how: 'refused', why },
      { how: 'refused', why },
    ])
    await expect(writer.write([encodeText('more')])).rejects.toBe(why)
  })

  it('is told where the client leaves, with a piece unread or without', async () => {
    const why = new Error('the client left')
    for (const pieces of [[], [encodeText('unread')]]) {
      const writer = new PulledWriter()
      const taken = watched(pieces.length > 0 ? writer.write(pieces) : undefined)
      const closed = watched(writer.closed)
      await writer.readable.cancel(why)
      await turn()
      expect(closed).toEqual({ how: 'refused', why })
      if (pieces.length > 0) expect(taken).toEqual({ how: 'refused', why })
      await expect(writer.write([encodeText('more')])).rejects.toBe(why)
      writer.break(new Error('again'))
      writer.close()
    }
  })
})
