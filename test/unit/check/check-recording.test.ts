import { describe, expect, it } from 'vitest'
import { checkRecording } from '../../../src/check/check-recording.ts'
import { checkStream } from '../../../src/check/check-stream.ts'
import type { Recording } from '../../../src/recording/recording.ts'
import { soundIn } from '../../support/zoo.ts'

const UNBUFFERED: [string, string][] = [
  ['cache-control', 'no-cache, no-transform'],
  ['x-accel-buffering', 'no'],
]

interface Answer {
  path?: string
  stream?: boolean
  status?: number
  type?: string
  body: string
}

function recording({
  path = '/v1/chat/completions',
  stream = true,
  status = 200,
  ...rest
}: Answer) {
  const { type = 'text/event-stream; charset=utf-8', body } = rest
  const made: Recording = {
    recordedAt: '',
    by: '',
    request: {
      method: 'POST',
      url: `http://engine.invalid${path}`,
      headers: {},
      body: JSON.stringify({ model: 'm', stream }),
    },
    response: { at: 1, status, headers: [['content-type', type], ...UNBUFFERED] },
    packets: [{ at: 2, bytes: new TextEncoder().encode(body) }],
    end: { at: 3, how: 'end' },
  }
  return made
}

const rulesOf = (given: Recording) => {
  const { results, untested } = checkRecording(given, 'a.jsonl')
  return { broken: results.flatMap(({ findings }) => findings.map(({ rule }) => rule)), untested }
}

describe('a recording', () => {
  it('of a sound stream breaks no rule, and of no other section is anything said', () => {
    const report = checkRecording(recording({ body: soundIn.chat.join('') }), 'a.jsonl')
    expect(report).toMatchObject({ url: 'a.jsonl', model: 'm', dialects: ['chat'], untested: {} })
    expect(report.scores.map(({ section }) => section)).toEqual([
      'framing',
      'arrival',
      'schema',
      'contract',
    ])
  })

  it('of a stream breaks what it breaks elsewhere', () => {
    const given = recording({ body: `${soundIn.chat.slice(0, 2).join('')}data: {"a":\n\n` })
    const { broken } = rulesOf(given)
    expect(broken).toContain('json')
    expect(broken).toEqual(checkStream(given).map(({ rule }) => rule))
  })

  it('of a complete answer is checked as one', () => {
    const given = { stream: false, type: 'application/json' }
    expect(rulesOf(recording({ ...given, body: '{"choices":1}' })).broken).toEqual(['whole-shape'])
    const choices = [
      { index: 0, message: { role: 'assistant', content: 'a' }, finish_reason: 'stop' },
    ]
    const answer = { id: 'a', object: 'chat.completion', created: 1, model: 'm', choices }
    expect(rulesOf(recording({ ...given, body: JSON.stringify(answer) })).broken).toEqual([])
  })

  it.each([
    ['{"error":{"message":"no","type":"x","param":null,"code":null}}', []],
    ['no', ['error-shape']],
  ])('of a refusal is checked as one: %s', (body, broken) => {
    expect(rulesOf(recording({ status: 400, type: 'application/json', body })).broken).toEqual(
      broken,
    )
  })

  it('of another API is not checked, nor one without an answer', () => {
    const other = rulesOf(recording({ path: '/v1/embeddings', body: '{}' }))
    expect(other).toEqual({
      broken: [],
      untested: { chat: 'there are no rules for /v1/embeddings' },
    })
    const { response: _, ...without } = recording({ body: '' })
    const given = { ...without, end: { at: 1, how: 'broken' as const, why: 'connection refused' } }
    expect(rulesOf(given).untested).toEqual({ chat: 'it has no answer: connection refused' })
  })
})
