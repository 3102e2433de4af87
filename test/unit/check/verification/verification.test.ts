import { describe, expect, it } from 'vitest'
import { checkStream } from '../../../../src/check/check-stream.ts'
import { violationsByHop } from '../../../../src/check/hops.ts'
import type { QuestionResult } from '../../../../src/check/question-result.ts'
import type { Report } from '../../../../src/check/report.ts'
import {
  compare,
  comparisonText,
  parseVerification,
} from '../../../../src/check/verification/compare.ts'
import { htmlOf } from '../../../../src/check/verification/html.ts'
import { markdownOf } from '../../../../src/check/verification/markdown.ts'
import { gapsOf, timingsOf } from '../../../../src/check/verification/timings.ts'
import {
  type Circumstances,
  verificationOf,
} from '../../../../src/check/verification/verification.ts'
import type { Recording } from '../../../../src/recording/recording.ts'
import { sound } from '../../../support/zoo/chat.ts'

const circumstances: Circumstances = {
  by: 'sluice 1 on a test',
  machine: { cpu: 'A processor', cores: 2, memory: '8 GiB of memory', system: 'Linux' },
  server: 'uvicorn',
  engine: 'vllm: zoo',
  limits: { max_model_len: 4096 },
}

/** A stream whose frames come `every` ms, the first after `first`. */
function recordingOf(frames: readonly string[], first = 50, every = 10): Recording {
  const packets = frames.map((frame, index) => ({
    at: first + index * every,
    bytes: new TextEncoder().encode(frame),
  }))
  return {
    recordedAt: '',
    by: '',
    request: {
      method: 'POST',
      url: 'http://127.0.0.1:1/v1/chat/completions',
      headers: { authorization: '***' },
      body: `{"text":"it's","stream_options":{"include_usage":true}}`,
    },
    response: {
      at: first - 5,
      status: 200,
      headers: [
        ['content-type', 'text/event-stream'],
        ['cache-control', 'no-cache'],
        ['x-accel-buffering', 'no'],
      ],
    },
    packets,
    end: { at: packets.at(-1)?.at ?? 0, how: 'end' },
  }
}

function reportOf(recording: Recording, url = recording.request.url): Report {
  const findings = checkStream(recording)
  const what = { dialect: 'chat', name: 'stream', title: 'a stream' } as const
  const results = [{ ...what, recording, findings }]
  const scores = [{ section: 'framing' as const, rules: 11, broken: findings.length }]
  return { url, model: 'zoo', results, dialects: ['chat'], untested: {}, scores }
}

const date = '2026-11-23T10:00:00.000Z'
const clean = verificationOf([reportOf(recordingOf(sound))], circumstances, date)
const stray = [...sound.slice(0, 2), '<b>loading</b> | `x`\n\n', ...sound.slice(2)]
const broken = verificationOf([reportOf(recordingOf(stray, 200))], circumstances, date)

describe('timings', () => {
  it('tell when the first token came, the gaps, and how fast', () => {
    const timings = timingsOf(recordingOf(sound))
    // The role alone is no token.
    expect(timings).toEqual({
      headers: 45,
      firstToken: 60,
      total: 120,
      gap: { median: 10, p95: 10, longest: 10 },
      events: 8,
      tokens: 3,
      tokensPerSecond: 50,
    })
    expect(gapsOf(recordingOf(sound))).toEqual(Array(7).fill(10))
  })

  it('are none where no token came', () => {
    expect(timingsOf(recordingOf(['data: [DONE]\n\n']))).toBeUndefined()
  })
})

describe('a record', () => {
  it('says what was asked of what, as a line to type, and what came', () => {
    expect(clean).toMatchObject({
      'sluice-verification': 1,
      date,
      model: 'zoo',
      path: ['sluice 1 on a test', 'http://127.0.0.1:1/v1/chat/completions (uvicorn)', 'vllm: zoo'],
      broken: [],
    })
    const [question] = clean.questions
    expect(question?.curl).toContain(`-H 'authorization: ***'`)
    expect(question?.curl).toContain(`"it'\\''s"`)
    expect(question?.observed.startsWith(sound[0] ?? '-')).toBe(true)
  })

  it('names the hop that breaks a rule', () => {
    const [server, proxy] = [recordingOf(sound), recordingOf(stray)].map((recording, index) =>
      reportOf(recording, `http://hop${index}`),
    ) as [Report, Report]
    const record = verificationOf([server, proxy], circumstances, date)
    expect(record.path.slice(1, 3)).toEqual(['http://hop1', 'http://hop0 (uvicorn)'])
    expect(record.broken).toMatchObject([{ rule: 'stray-line', hop: 'http://hop1' }])
  })

  it('tells a hop from the server by the API, too', () => {
    const broken = reportOf(recordingOf(stray), 'http://server')
    const [first] = broken.results
    const message = { ...(first as QuestionResult), dialect: 'messages' as const }
    const behind = { ...broken, url: 'http://proxy', results: [...broken.results, message] }
    expect(violationsByHop([broken, behind])).toEqual([{ rule: 'stray-line', hop: 'http://proxy' }])
    expect(violationsByHop([behind, behind])).toEqual([])
  })

  it('is a page of Markdown that nothing in an answer can break', () => {
    expect(markdownOf(clean)).toMatch(/\| result \| no broken rules \|/)
    const page = markdownOf(broken)
    expect(page).toMatch(/\| result \| 1 error, 0 warnings, 0 hints \|/)
    expect(page).toMatch(/### stray-line \(error\)/)
    expect(page).toMatch(/\| limits \| max_model_len: 4096 \|/)
    // Blocks that hold backticks have longer fences.
    expect(page.match(/^`{3,}/gm)?.length).toBeGreaterThan(4)
  })

  it('is a page of HTML that nothing in an answer can break', () => {
    const page = htmlOf(broken)
    expect(page).not.toContain('<b>loading')
    expect(page).toContain('&#60;b&#62;loading')
    expect(page).toMatch(/<tr><th>limits<td>max_model_len: 4096/)
  })

  it('is read again as what was written', () => {
    expect(parseVerification(JSON.stringify(broken))).toEqual(broken)
    expect(() => parseVerification('x')).toThrow(/expected JSON/)
    expect(() => parseVerification('{"sluice-verification":2}')).toThrow(
      /expected a record of "sluice check" \(version 1\)/,
    )
    expect(() => parseVerification('null')).toThrow(/expected a record/)
  })
})

describe('two records', () => {
  it('of the same differ in nothing', () => {
    expect(comparisonText(compare(clean, clean))).toMatch(/Nothing has changed/)
  })

  it('tell what is newly broken, what was repaired, and what is slower', () => {
    const worse = compare(clean, { ...broken, model: 'other' })
    expect(worse).toMatchObject({ newlyBroken: ['stray-line'], repaired: [] })
    expect(worse.changed).toEqual([['model', 'zoo', 'other']])
    expect(worse.slower.map(([name]) => name)).toEqual(['headers', 'first token', 'total'])
    const better = comparisonText(compare(broken, clean))
    expect(better).toMatch(/repaired {8}stray-line/)
    expect(better).toMatch(/faster {8}first token: 210 ms, now 60 ms/)
  })
})
