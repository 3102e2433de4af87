import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Recording } from '../../../src/recording/recording.ts'
import { packetSchedule, replay } from '../../../src/recording/replay.ts'
import { modelOf, replayHandler } from '../../../src/recording/replay-server.ts'

const never = new AbortController().signal

function recordingOf(model: string, packets: [number, string][], more = {}): Recording {
  return {
    recordedAt: '',
    by: '',
    request: {
      method: 'POST',
      url: 'http://h/v1/chat/completions',
      headers: {},
      body: JSON.stringify({ model }),
    },
    response: {
      at: 0,
      status: 200,
      headers: [
        ['content-type', 'text/event-stream'],
        ['content-length', '7'],
        ['x-own', '1'],
      ],
    },
    packets: packets.map(([at, text]) => ({ at, bytes: new TextEncoder().encode(text) })),
    end: { at: packets.at(-1)?.[0] ?? 0, how: 'end' },
    ...more,
  }
}

const timed = fc
  .array(fc.tuple(fc.nat(50), fc.string({ minLength: 1 })), { minLength: 1 })
  .map((packets) => {
    const times = packets.map(([at]) => at).sort((a, b) => a - b)
    return packets.map(([, text], index): [number, string] => [times[index] ?? 0, text])
  })

describe('the plan', () => {
  it('has the same bytes, in order and never earlier, however they are cut or late', () => {
    fc.assert(
      fc.property(
        timed,
        fc.record({ split: fc.integer({ min: 1, max: 9 }), jitter: fc.nat(20), seed: fc.nat() }),
        (packets, options) => {
          const recording = recordingOf('m', packets)
          const plan = packetSchedule(recording, options)
          const bytes = (list: { bytes: Uint8Array }[]) => list.flatMap((each) => [...each.bytes])
          expect(bytes(plan)).toEqual(bytes(recording.packets))
          expect(plan.every(({ bytes: { length } }) => length <= options.split)).toBe(true)
          plan.forEach(({ at }, index) => {
            expect(at).toBeGreaterThanOrEqual(plan[index - 1]?.at ?? 0)
          })
          expect(packetSchedule(recording, options)).toEqual(plan)
        },
      ),
    )
  })

  it('is the recording itself by default', () => {
    const recording = recordingOf('m', [
      [1, 'a'],
      [5, 'b'],
    ])
    expect(packetSchedule(recording)).toEqual(recording.packets)
    expect(packetSchedule(recording, { speed: 2 }).map(({ at }) => at)).toEqual([0.5, 2.5])
    expect(packetSchedule(recording, { speed: 0 }).map(({ at }) => at)).toEqual([0, 0])
  })
})

describe('a replay', () => {
  it('has the status, the headers that are its own, and the bytes', async () => {
    const response = await replay(
      recordingOf('m', [
        [0, 'da'],
        [20, 'ta'],
      ]),
      never,
    )
    expect(response.status).toBe(200)
    expect(response.headers.get('x-own')).toBe('1')
    expect(response.headers.has('content-length')).toBe(false)
    expect(await response.text()).toBe('data')
  })

  it('breaks where the recorded connection broke', async () => {
    const end = { at: 5, how: 'broken' }
    const response = await replay(recordingOf('m', [[0, 'half']], { end }), never)
    const reader = response.body?.getReader()
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('half')
    await expect(reader?.read()).rejects.toThrow('broke here')
  })

  it('rejects where nobody answered', async () => {
    const nobody = recordingOf('m', [], {
      response: undefined,
      end: { at: 1, how: 'broken', why: 'connection refused' },
    })
    await expect(replay(nobody, never)).rejects.toThrow('connection refused')
  })

  it('stops when it is not wanted any more', async () => {
    const control = new AbortController()
    const response = await replay(
      recordingOf('m', [
        [0, 'a'],
        [60_000, 'b'],
      ]),
      control.signal,
    )
    const reader = response.body?.getReader()
    await reader?.read()
    control.abort(new Error('gone'))
    await expect(reader?.read()).rejects.toThrow('gone')
  })
})

describe('a server of recordings', () => {
  const serve = replayHandler([
    recordingOf('a', [[0, 'from a']]),
    recordingOf('b', [[0, 'from b']]),
  ])
  const post = (path: string, body: object) =>
    serve(new Request(`http://x${path}`, { method: 'POST', body: JSON.stringify(body) }))

  it('answers for the model that was recorded, at any root', async () => {
    expect(await (await post('/v1/chat/completions', { model: 'b' })).text()).toBe('from b')
    expect(await (await post('/chat/completions', { model: 'a' })).text()).toBe('from a')
  })

  it('lists the models', async () => {
    const list = await (await serve(new Request('http://x/v1/models'))).json()
    expect(list).toMatchObject({ object: 'list', data: [{ id: 'a' }, { id: 'b' }] })
  })

  it('says what there is where it has not what was asked for', async () => {
    const model = await post('/v1/chat/completions', { model: 'c' })
    expect(model.status).toBe(404)
    expect(await model.text()).toContain('one of the recorded models (\\"a\\", \\"b\\"')
    const place = await post('/v1/responses', { model: 'a' })
    expect(place.status).toBe(404)
    expect(await place.text()).toContain('POST /v1/chat/completions')
  })

  it('answers any model where there is but one', async () => {
    const one = replayHandler([recordingOf('a', [[0, 'from a']])])
    const request = new Request('http://x/v1/chat/completions', { method: 'POST', body: 'no JSON' })
    expect(await (await one(request)).text()).toBe('from a')
  })

  it('knows the model that answered where none was asked for', () => {
    const recording = recordingOf('', [[0, 'data: {"id":"1","model":"qwen3"}\n\n']])
    expect(modelOf({ ...recording, request: { ...recording.request, body: '{}' } })).toBe('qwen3')
  })
})
