import { describe, expect, it } from 'vitest'
import { check } from '../../../src/check/check.ts'
import { dialects } from '../../../src/check/dialects/dialects.ts'
import type { Report } from '../../../src/check/report.ts'
import { textReport } from '../../../src/check/text-report.ts'
import { htmlOf } from '../../../src/check/verification/html.ts'
import { markdownOf } from '../../../src/check/verification/markdown.ts'
import { verificationOf } from '../../../src/check/verification/verification.ts'
import { violationsOf } from '../../../src/check/violations.ts'
import { sound } from '../../support/zoo/chat.ts'
import { callers, soundCalls, soundForm } from '../../support/zoo/tools.ts'

interface Asked {
  stream?: boolean
  tools?: unknown
  response_format?: unknown
}

type Frames = (asked: Asked) => readonly string[]

const sse = { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' }

const usual: Frames = ({ tools, response_format }) =>
  tools ? soundCalls : response_format ? soundForm : sound

/** The report on a server that streams so; what else it answers is of no matter. */
function reportOn(frames: Frames, headers: Record<string, string> = sse): Promise<Report> {
  const url = `http://127.0.0.1:1${dialects.chat.path}`
  return check({
    fetch: async (_url, { body }) => {
      const text = String(body)
      const asked = JSON.parse(text.startsWith('{"') && text.endsWith('}') ? text : '{}') as Asked
      if (!asked.stream) return Response.json({ error: { message: 'no' } }, { status: 400 })
      return new Response(frames(asked).join(''), { headers })
    },
    ...{ url, endpoints: { chat: url }, headers: {}, key: undefined, model: 'zoo', by: 'a test' },
    signal: AbortSignal.timeout(20_000),
  })
}

const scoreOf = ({ scores }: Report, wanted: string) =>
  scores.find(({ section }) => section === wanted)

const paint = { strong: String, weak: String, plain: String }

describe('tools and structured output are judged', () => {
  it('whatever else their streams break: a header, a line end, a hint', async () => {
    const [wrong] = callers.filter(({ rule }) => rule === 'tool-finish')
    const calls = wrong?.script.steps.map((step) => ('send' in step ? step.send : '')) ?? []
    const crlf = (frames: readonly string[]) => frames.map((frame) => frame.replace(/\n/g, '\r\n'))
    const report = await reportOn((asked) => crlf(asked.tools ? calls : usual(asked)))
    expect(scoreOf(report, 'headers')?.broken).toBe(1)
    expect(scoreOf(report, 'framing')?.broken).toBe(1)
    expect(scoreOf(report, 'tools')).toEqual({ section: 'tools', rules: 4, broken: 1 })
    expect(scoreOf(report, 'structured')).toEqual({ section: 'structured', rules: 1, broken: 0 })
  })

  it.each([
    ['json', ['data: {"half\n\n', 'data: [DONE]\n\n']],
    ['error-in-stream', [...sound.slice(0, 2), 'data: {"error":{"message":"no"}}\n\n']],
    ['truncated', sound.slice(0, 2)],
  ])('but not where their stream is broken: %s', async (rule, frames) => {
    const report = await reportOn((asked) => (asked.tools ? frames : usual(asked)))
    const unjudged = `the stream is broken (${rule})`
    expect(scoreOf(report, 'tools')).toEqual({ section: 'tools', rules: 0, broken: 0, unjudged })
    expect(scoreOf(report, 'structured')).toMatchObject({ rules: 1, broken: 0 })
  })
})

describe('a first stream that is empty or broken', () => {
  const STREAMED = ['framing', 'arrival', 'schema', 'contract']

  it.each<[string, readonly string[], string, [string, string][]]>([
    ['an empty one', [], 'the stream is broken (truncated)', [['contract', 'truncated']]],
    [
      'comments alone',
      [': hi\n\n'],
      'the stream is broken (truncated)',
      [['contract', 'truncated']],
    ],
    [
      'half a word',
      ['data: {"half\n\n'],
      'the stream is broken (json)',
      [
        ['framing', 'json'],
        ['contract', 'truncated'],
      ],
    ],
    ['[DONE] alone', ['data: [DONE]\n\n'], 'the stream has no content', []],
    [
      'half an answer',
      sound.slice(0, 2),
      'the stream is broken (truncated)',
      [['contract', 'truncated']],
    ],
  ])('keeps no rule that was not checked, and its breach is told: %s', async (...given) => {
    const [, frames, unjudged, breaches] = given
    const report = await reportOn(() => frames)
    for (const section of STREAMED) {
      const score = scoreOf(report, section)
      expect(score).toMatchObject({ unjudged })
      expect(score?.rules).toBe(score?.broken)
    }
    const found = violationsOf(report).map(({ finding }) => finding.rule as string)
    for (const [section, rule] of breaches) {
      expect(found).toContain(rule)
      expect(scoreOf(report, section)?.broken).toBeGreaterThan(0)
    }
    expect(scoreOf(report, 'headers')).toMatchObject({ rules: 5 })
  })

  it('shows what it broke beside what was not checked, in every form of the report', async () => {
    const report = await reportOn(() => [])
    const told = '0 of 1, the others not checked: the stream is broken (truncated)'
    expect(textReport(report, paint)).toContain(`✗ contract    ${told}`)
    expect(textReport(report, paint)).toContain('– framing     not checked: the stream is broken')
    const machine = { cpu: 'A processor', cores: 2, memory: '8 GiB', system: 'Linux' }
    const circumstances = { by: 'a test', machine, limits: {} }
    const record = verificationOf([report], circumstances, '2026-11-23T10:00:00.000Z')
    expect(markdownOf(record)).toContain(`| contract | ${told} |`)
    expect(htmlOf(record)).toContain(`<th>contract<td>${told}`)
  })
})

it('what was not checked is no rule kept, in every form of the report', async () => {
  const html = { 'content-type': 'text/html' }
  const report = await reportOn(() => ['<p>Hi</p>'], html)
  for (const section of ['framing', 'arrival', 'schema', 'contract', 'tools', 'structured']) {
    const unjudged = 'the answer is not a stream'
    expect(scoreOf(report, section)).toEqual({ section, rules: 0, broken: 0, unjudged })
  }
  expect(scoreOf(report, 'headers')).toMatchObject({ rules: 5 })
  expect(textReport(report, paint)).toMatch(
    /^ {2}– framing {5}not checked: the answer is not a stream$/m,
  )
  const machine = { cpu: 'A processor', cores: 2, memory: '8 GiB', system: 'Linux' }
  const circumstances = { by: 'a test', machine, limits: {} }
  const record = verificationOf([report], circumstances, '2026-11-23T10:00:00.000Z')
  expect(markdownOf(record)).toMatch(/\| framing \| – not checked: the answer is not a stream \|/)
  expect(htmlOf(record)).toMatch(/<th>framing<td>– not checked: the answer is not a stream/)
})
