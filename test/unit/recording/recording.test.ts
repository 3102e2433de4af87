import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { masked } from '../../../src/recording/mask.ts'
import {
  formatRecording,
  parseRecording,
  type Recording,
  RecordingError,
} from '../../../src/recording/recording.ts'

const encoder = new TextEncoder()

function recordingOf(packets: (string | Uint8Array<ArrayBuffer>)[], more = {}): Recording {
  return {
    recordedAt: '2026-11-23T10:00:00.000Z',
    by: 'sluice on a test',
    request: {
      method: 'POST',
      url: 'http://127.0.0.1:1/v1/chat/completions',
      headers: { 'content-type': 'application/json' },
      body: '{"model":"m"}',
    },
    response: { at: 1, status: 200, headers: [['content-type', 'text/event-stream']] },
    packets: packets.map((packet, index) => ({
      at: index + 2,
      bytes: typeof packet === 'string' ? encoder.encode(packet) : packet,
    })),
    end: { at: packets.length + 2, how: 'end' },
    ...more,
  }
}

const time = fc.nat(1e9).map((micros) => micros / 1000)

const anyRecording: fc.Arbitrary<Recording> = fc
  .record({
    packets: fc.array(
      fc.tuple(
        time,
        fc.oneof(
          fc.uint8Array({ minLength: 1, maxLength: 40 }),
          fc.string({ unit: 'binary', minLength: 1 }).map((text) => encoder.encode(text)),
        ),
      ),
    ),
    headers: fc.array(fc.tuple(fc.stringMatching(/^[a-z-]{1,12}$/), fc.string())),
    status: fc.integer({ min: 200, max: 599 }),
    how: fc.constantFrom('end' as const, 'broken' as const, 'stopped' as const),
    why: fc.option(fc.string(), { nil: undefined }),
    body: fc.option(fc.string(), { nil: undefined }),
  })
  .map(({ packets, headers, status, how, why, body }) => {
    const times = packets.map(([at]) => at).sort((a, b) => a - b)
    const last = times.at(-1) ?? 0
    return {
      recordedAt: '2026-11-23T10:00:00.000Z',
      by: 'x',
      request: {
        method: 'POST',
        url: 'http://h/v1',
        headers: {},
        ...(body !== undefined && { body }),
      },
      response: { at: times[0] ?? 0, status, headers },
      packets: packets.map(([, bytes], index) => ({
        at: times[index] ?? 0,
        bytes: new Uint8Array(bytes),
      })),
      end: { at: last, how, ...(why !== undefined && { why }) },
    }
  })

describe('a recording as text', () => {
  it('is read as what was written, whatever its bytes', () => {
    fc.assert(
      fc.property(anyRecording, (recording) => {
        expect(parseRecording(formatRecording(recording))).toEqual(recording)
      }),
    )
  })

  it('shows text as text, and bytes that are none as base64', () => {
    const [whole = new Uint8Array()] = [encoder.encode('€')]
    const text = formatRecording(
      recordingOf(['data: {"a":"ü"}\n\n', whole.slice(0, 1), whole.slice(1)]),
    )
    expect(text).toContain(String.raw`{"at":2,"text":"data: {\"a\":\"ü\"}\n\n"}`)
    expect(text.match(/"base64"/g)).toHaveLength(2)
    const read = parseRecording(text).packets.map(({ bytes }) => [...bytes])
    expect(read.slice(1).flat()).toEqual([...whole])
  })

  it('is what docs/recordings.md says', () => {
    const page = readFileSync(join(import.meta.dirname, '../../../docs/recordings.md'), 'utf8')
    const [, example = ''] = /```json lines\n(.*?)```/s.exec(page) ?? []
    const read = parseRecording(example)
    expect(Buffer.concat(read.packets.map(({ bytes }) => bytes)).toString()).toMatch(/€\n$/)
    expect(read.end).toEqual({ at: 81, how: 'end' })
    expect(formatRecording(read)).toBe(example)
  })

  it('keeps what came of a file that was cut off', () => {
    const lines = formatRecording(recordingOf(['a', 'b'])).split('\n')
    const read = parseRecording(lines.slice(0, -2).join('\n'))
    expect(read.packets).toHaveLength(2)
    expect(read.end).toMatchObject({ how: 'stopped', why: expect.stringContaining('no end') })
  })

  it.each([
    ['', /line 1: expected the first line of a recording/],
    ['{"a":1}', /line 1: expected the first line of a recording/],
    ['data: x', /line 1: expected a JSON object/],
    ['{"sluice-recording":2}', /line 1: expected version 1 or older, got 2/],
    ['{"sluice-recording":1}', /line 2: expected an object with "request"/],
    ['{"sluice-recording":1}\n{"request":{"method":"POST","url":"x"}}', /line 2: .*a valid url/],
    [`${head()}{"at":"x","text":""}`, /line 3: "at": expected milliseconds/],
    [
      `${head()}{"at":5,"text":"a"}\n{"at":4,"text":"b"}`,
      /line 4: "at": .* no fewer than in the line before/,
    ],
    [`${head()}{"at":1}`, /line 3: expected "text" or "base64"/],
    [`${head()}{"at":1,"base64":"*"}`, /line 3: "base64": expected valid base64/],
    [`${head()}{"at":1,"end":"never"}`, /line 3: "end": expected/],
    [`${head()}{"at":1,"response":{"status":99,"headers":[]}}`, /line 3: "status": expected/],
    [`${head()}{"at":1,"response":{"status":200,"headers":[1]}}`, /line 3: "headers": expected/],
  ])('%j is refused, with its line', (text, message) => {
    expect(() => parseRecording(text)).toThrow(RecordingError)
    expect(() => parseRecording(text)).toThrow(message)
  })
})

function head(): string {
  return '{"sluice-recording":1}\n{"request":{"method":"POST","url":"http://h/v1"}}\n'
}

describe('what may be abused', () => {
  const secret = 'sk-1234567890'
  const text = `no: ${secret} is wrong, ${secret}!`

  it('is hidden wherever it stands, however it is cut', () => {
    fc.assert(
      fc.property(fc.nat(text.length), (at) => {
        const kept = masked(recordingOf([text.slice(0, at), text.slice(at)]), [secret])
        const said = kept.packets.map(({ bytes }) => new TextDecoder().decode(bytes)).join('')
        expect(said).toBe(text.replaceAll(secret, '*'.repeat(secret.length)))
        expect(kept.packets.map(({ bytes }) => bytes.length)).toEqual([at, text.length - at])
      }),
    )
  })

  it('is hidden in headers, the URL and the body, too', () => {
    const recording = recordingOf(['a'], {
      request: {
        method: 'POST',
        url: `http://me:word@h/v1/chat?api_key=abc&x=${secret}`,
        headers: { authorization: `Bearer ${secret}`, 'x-api-key': secret, accept: 'x' },
        body: `{"user":"${secret}"}`,
      },
      response: {
        at: 1,
        status: 200,
        headers: [
          ['set-cookie', 'a=b'],
          ['x-id', secret],
        ],
      },
    })
    const told = formatRecording(masked(recording, [secret]))
    expect(told).not.toContain(secret)
    expect(told).not.toMatch(/word@|abc|a=b/)
    expect(told).toContain('"accept":"x"')
  })

  it('is hidden in any header that is named after a key, and in a body of bytes', () => {
    const bytes = Uint8Array.from([0xff, ...encoder.encode(`key=${secret}`), 0xfe])
    const request = {
      method: 'POST',
      url: 'http://h/v1/audio/transcriptions',
      headers: { 'ocp-apim-subscription-key': 'abc' },
    }
    const recording = recordingOf([], { request: { ...request, bytes } })
    expect(parseRecording(formatRecording(recording))).toEqual(recording)
    const kept = parseRecording(formatRecording(masked(recording, [secret]))).request
    expect(kept.headers).toEqual({ 'ocp-apim-subscription-key': '***' })
    const shown = new TextDecoder('latin1').decode(kept.bytes)
    expect(shown).toBe(`ÿkey=${'*'.repeat(secret.length)}þ`)
  })

  it('leaves a recording without it as it is', () => {
    const recording = recordingOf(['a', 'b'])
    expect(masked(recording, [secret])).toEqual(recording)
  })
})
