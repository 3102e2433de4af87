import { describe, expect, it } from 'vitest'
import type { PassedForm } from '../../../src/stream/passed-answer.ts'
import { PassedReader } from '../../../src/stream/passed-reader.ts'
import { EngineErrors } from '../../../src/wire/errors/engine-errors.ts'

/** What is sent of packets, and what was counted of them. */
async function read(packets: string[], form: PassedForm = 'events') {
  const bytes = packets.map((packet) => new TextEncoder().encode(packet))
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      for (const each of bytes) controller.enqueue(each)
      controller.close()
    },
  })
  const errors = new EngineErrors({ label: 'gpu' })
  const reader = new PassedReader(form, body as never, new AbortController(), errors)
  const batches: string[] = []
  let failure = ''
  try {
    for (let batch = await reader.next(); batch !== undefined; batch = await reader.next())
      batches.push(Buffer.concat(batch).toString())
  } catch (error) {
    failure = (error as { code: string }).code
  }
  const { tokens, textLength } = reader.counts
  return { batches, failure, tokens, textLength }
}

describe('of a stream of events', () => {
  it('comments are no part', async () => {
    const packets = [': ping\n\n', ': a\n: b\n\ndata: {"text":"ab"}\n\n', ': ping\n\n', ': p']
    const { batches, tokens } = await read(packets)
    expect({ batches, tokens }).toEqual({ batches: ['data: {"text":"ab"}\n\n'], tokens: 1 })
  })

  it('the text is counted, as JSON and as itself', async () => {
    const packets = ['data: hello world\n\n', 'data:\n\n', 'data: {"delta":"ü"}\n\n', 'data: 1\n\n']
    const { batches, failure, tokens, textLength } = await read(packets)
    expect(batches).toEqual(packets)
    expect({ failure, tokens, textLength }).toEqual({ failure: '', tokens: 3, textLength: 14 })
  })

  it.each([
    ['event: error\ndata: no memory\n\n', 'upstream_error'],
    ['error: no memory\n\n', 'upstream_error'],
    ['data: {"error":"no memory"}\n\n', 'upstream_error'],
    ['data: half a sen', 'upstream_incomplete'],
    ['data: {"a', 'upstream_incomplete'],
  ])('%j is a failure', async (packet, code) => {
    const { batches, failure } = await read(['data: a\n\n', packet])
    expect({ batches, failure }).toEqual({ batches: ['data: a\n\n'], failure: code })
  })

  it('the last event may lack its end where it is whole', async () => {
    const { batches, failure } = await read(['data: {"a":1}'])
    expect({ batches, failure }).toEqual({ batches: ['data: {"a":1}\n\n'], failure: '' })
  })
})
