import { describe, expect, it } from 'vitest'
import { readStream } from '../../support/read.ts'

const open = { id: 'a', choices: [{ index: 0, delta: { role: 'assistant', content: 'Hi' } }] }
const closed = { id: 'a', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }
const failure = { error: { message: 'm', type: 't', code: null, param: null } }
const usage = { id: 'a', choices: [], usage: { total_tokens: 1 } }
const DONE = '[DONE]'

function frames(...parts: (object | string)[]): string {
  return parts
    .map((part) => `data: ${typeof part === 'string' ? part : JSON.stringify(part)}\n\n`)
    .join('')
}

function read(body: string | Uint8Array<ArrayBuffer>, asked = false) {
  return readStream(new Response(body), { usage: asked })
}

describe('readStream', () => {
  it('names the outcome', async () => {
    expect((await read(frames(open, closed, DONE))).outcome).toBe('finished')
    expect((await read(frames(open, failure))).outcome).toBe('failed')
    expect((await read(frames(open, closed))).outcome).toBe('truncated')
    expect((await read('')).outcome).toBe('truncated')
  })

  it('finds nothing wrong with a stream that obeys', async () => {
    const ping = `: ping\n${frames(open)}: ping\n${frames(closed, usage, DONE)}`
    const result = await read(ping, true)
    expect(result.problems).toEqual([])
    expect(result).toMatchObject({ text: 'Hi', finish: { 0: 'stop' }, usage: { total_tokens: 1 } })
    expect(result.pings).toHaveLength(2)
    expect((await read(frames(open, failure))).problems).toEqual([])
  })

  it.each([
    ['CR', frames(open, closed, DONE).replace('\n', '\r\n'), 'a CR'],
    ['a BOM', `\uFEFF${frames(open, closed, DONE)}`, 'neither data nor a ping'],
    ['no space', frames(open, closed, DONE).replace('data: ', 'data:'), 'neither data nor a ping'],
    ['a field', `event: a\n${frames(open, closed, DONE)}`, 'neither data nor a ping'],
    ['a ping within', `data: {}\n: ping\n\n${frames(DONE)}`, 'a ping inside an event'],
    ['a ping of its own', `: ping\n\n${frames(open, closed, DONE)}`, 'ends no event'],
    ['two lines', `data: {\ndata: }\n\n${frames(DONE)}`, 'two lines'],
    ['no last blank line', frames(open, closed, DONE).slice(0, -1), 'without its blank line'],
    ['not JSON', frames(open, closed, '{', DONE), 'not a JSON object'],
    ['[DONE] twice', frames(open, closed, DONE, DONE), '[DONE] 2 times'],
    ['more after [DONE]', frames(open, closed, DONE, open), 'events after [DONE]'],
    ['[DONE] after an error', frames(open, failure, DONE), 'both an error frame and [DONE]'],
    ['a chunk after an error', frames(failure, open), 'chunks after an error frame'],
    ['a half error', frames(open, { error: { message: 'm' } }), 'an error frame with message'],
    ['no finish', frames(open, DONE), 'choice 0 never ended'],
    ['no choice', frames(DONE), '[DONE] without a choice'],
    ['two ids', frames(open, { ...closed, id: 'b' }, DONE), '2 ids'],
    ['milliseconds', frames({ ...open, created: 1.7e12 }, closed, DONE), 'milliseconds'],
    ['no role', frames(closed, DONE), 'no role first'],
    ['content late', frames(open, closed, open, DONE), 'content after the finish'],
    ['two ends', frames(open, closed, closed, DONE), 'ended twice'],
    ['usage unasked', frames(open, closed, usage, DONE), 'nobody asked for'],
  ])('finds %s', async (_, body, problem) => {
    expect((await read(body)).problems.join('\n')).toContain(problem)
  })

  it('finds usage twice, beside choices, or early', async () => {
    const beside = { ...closed, usage: usage.usage }
    expect((await read(frames(open, closed, usage, usage, DONE), true)).problems).not.toEqual([])
    expect((await read(frames(open, beside, DONE), true)).problems).not.toEqual([])
    expect((await read(frames(open, usage, closed, DONE), true)).problems).not.toEqual([])
  })

  it('finds bytes that are not UTF-8', async () => {
    const body = Buffer.concat([Buffer.from('data: "'), Buffer.from([0xff]), Buffer.from('"\n\n')])
    expect((await read(new Uint8Array(body))).problems.join()).toContain('not UTF-8')
  })

  it('stops when told to', async () => {
    const result = await readStream(new Response(endless()), { onEvent: (_, count) => count < 3 })
    expect(result.events.length).toBeGreaterThanOrEqual(3)
    expect(result.events.length).toBeLessThan(10)
  })
})

function endless(): ReadableStream<Uint8Array> {
  return new ReadableStream({ pull: (to) => to.enqueue(Buffer.from(frames(open))) })
}
