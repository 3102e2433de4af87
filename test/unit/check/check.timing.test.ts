import type { IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { rules } from '../../../src/check/rules/rules.ts'
import { textReport } from '../../../src/check/text-report.ts'
import { countBySeverity } from '../../../src/check/violations.ts'
import { sound } from '../../support/zoo/chat.ts'
import { callers } from '../../support/zoo/tools.ts'
import { ALL, brokenIn, paint, refuse, run, sse, start, stream } from './odd-server.ts'
import { oddities } from './oddities.ts'

describe('a server', () => {
  it('that is sound is clean', async () => {
    const report = await run(await start())
    expect(brokenIn(report)).toEqual([])
    expect(report.scores.every(({ broken, rules: all }) => broken === 0 && all > 0)).toBe(true)
    expect(report.results.length).toBe(12)
  })

  it('that is sound in all its APIs is clean in all of them', async () => {
    const report = await run(await start(), undefined, ALL)
    expect(brokenIn(report)).toEqual([])
    expect(report.dialects).toEqual(ALL)
    // Nothing that a completion can't be asked for is asked of it.
    const asked = report.results.filter(({ dialect }) => dialect === 'completions')
    expect(asked.map(({ name }) => name)).not.toContain('tools')
    const told = report.results.filter(({ notOffered }) => notOffered !== undefined)
    expect(told.map(({ dialect, name }) => `${dialect} ${name}`)).toEqual([
      'responses tools',
      'responses structured',
      'messages tools',
      'messages structured',
    ])
  })

  it('is judged by the APIs it has, and the others are told', async () => {
    const url = await start(({ url = '' }, response) => {
      if (!url.endsWith('/messages') && !url.endsWith('/responses')) return false
      refuse(response, 404, '{"detail":"Not Found"}')
      return true
    })
    const report = await run(url, undefined, ALL)
    expect(report.dialects).toEqual(['chat', 'completions'])
    expect(report.untested).toEqual({
      responses: expect.stringMatching(/answered with status 404/),
      messages: expect.stringMatching(/answered with status 404/),
    })
    expect(brokenIn(report)).toEqual([])
    const told = textReport(report, paint)
    expect(told).toMatch(/^responses could not be checked: it answered with status 404/m)
    expect(told).toMatch(/^ {2}chat, completions$/m)
  })

  it.each(callers)(
    'that breaks $rule of $question breaks only that, like $like',
    async (animal) => {
      const field = { tools: 'tools', structured: 'response_format' } as const
      const url = await start(async (_request, response, asked) => {
        if (asked?.[field[animal.question]] === undefined) return false
        response.writeHead(200, sse)
        for (const step of animal.script.steps) if ('send' in step) response.write(step.send)
        response.end()
        return true
      })
      const report = await run(url)
      expect(brokenIn(report)).toEqual([animal.rule])
      const { section } = rules[animal.rule as keyof typeof rules]
      expect(report.scores.find((score) => score.section === section)?.broken).toBe(1)
    },
  )

  it('that answers for an unknown model in its own name breaks nothing', async () => {
    const url = await start(async (_request, response, asked) => {
      if (asked?.model === 'no-such-model-here') await stream(response, asked)
      return asked?.model === 'no-such-model-here'
    })
    expect(brokenIn(await run(url))).toEqual([])
  })

  it('that offers no tools is told so, and not blamed', async () => {
    const url = await start((_request, response, asked) => {
      if (asked?.tools === undefined) return false
      refuse(response, 400, '{"error":{"message":"no tools here"}}')
      return true
    })
    const report = await run(url)
    expect(brokenIn(report)).toEqual([])
    const score = report.scores.find(({ section }) => section === 'tools')
    expect(score).toMatchObject({
      rules: 0,
      broken: 0,
      unoffered: expect.stringMatching(/no tools here/),
    })
    expect(textReport(report, paint)).toContain(
      '– tools       not offered: it answered with status 400: no tools here',
    )
  })

  it.each(oddities)('that breaks %s breaks only that', async (rule, oddity) => {
    const report = await run(await start(oddity))
    expect(new Set(brokenIn(report))).toEqual(new Set([rule]))
    const { section } = rules[rule as keyof typeof rules]
    expect(report.scores.find((score) => score.section === section)?.broken).toBe(1)
  })

  it('that wants a key could not be checked', async () => {
    const url = await start((_request, response) => {
      refuse(response, 401, '{"error":{"message":"a key is wanted"}}')
      return true
    })
    expect((await run(url)).untested.chat).toMatch(/answered with status 401: .*a key is wanted/)
  })

  it('that is not there could not be checked', async () => {
    const report = await run('http://127.0.0.1:9/v1/chat/completions')
    expect(report.untested.chat).toMatch(/ECONNREFUSED|refused/)
    expect(report.scores).toEqual([])
  })

  it('is asked for a preflight as a browser asks: without the key that is to be sent', async () => {
    const asked: IncomingMessage['headers'][] = []
    const url = await start(({ method, headers }) => {
      if (method === 'OPTIONS') asked.push(headers)
      return false
    })
    const headers = { authorization: 'Bearer sk-secret-0123' }
    await run(url, undefined, ['messages'], { headers, key: 'sk-secret-0123' })
    expect(JSON.stringify(asked)).not.toContain('sk-secret-0123')
    expect(asked).toMatchObject([
      {
        origin: 'https://page.example',
        'access-control-request-headers': 'anthropic-version,authorization,content-type,x-api-key',
      },
    ])
  })

  it('is let go when the person has enough', async () => {
    const control = new AbortController()
    const url = await start(async (_request, response) => {
      response.writeHead(200, sse).write(sound[0] ?? '')
      control.abort(new Error('enough'))
      await sleep(50)
      return true
    })
    await expect(run(url, control.signal)).rejects.toThrow('enough')
  })
})

describe('every rule about answers', () => {
  it('has a server that breaks it', () => {
    const sections = ['tools', 'structured', 'whole', 'errors', 'cancelling', 'cors']
    const ours = Object.entries(rules).filter(([, { section }]) => sections.includes(section))
    const broken = [...oddities.map(([name]) => name), ...callers.map(({ rule }) => rule)]
    expect(new Set(broken)).toEqual(new Set(ours.map(([name]) => name)))
  })
})

describe('the report', () => {
  it('tells of each breach once, with what was seen and what to do', async () => {
    const report = await run(await start())
    expect(textReport(report, paint)).toMatch(
      /✓ framing {5}11 of 11\n[\s\S]*No rule is broken\.\n$/,
    )
    const wrong = await run(await start(oddities[0]?.[1]))
    const text = textReport(wrong, paint)
    expect(text).toMatch(/✗ whole {7}0 of 1/)
    expect(text).toMatch(/ERROR {2}whole-shape {2}Without stream/)
    expect(text).toMatch(/seen {5}text\/event-stream in an answer without streaming, byte 0/)
    expect(text).toMatch(/1 error, 0 warnings, 0 hints\n$/)
    expect(countBySeverity(wrong)).toEqual({ error: 1, warning: 0, hint: 0 })
  })

  it('lets a server’s words do nothing to a terminal', async () => {
    const url = await start((_request, response) => {
      refuse(response, 503, '\u001b[2J')
      return true
    })
    expect(textReport(await run(url), paint)).not.toContain('\u001b')
  })
})
