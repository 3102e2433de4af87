import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { countOf } from '../../../src/check/breaches.ts'
import { check, type Report } from '../../../src/check/check.ts'
import { rules } from '../../../src/check/rules.ts'
import { textReport } from '../../../src/check/text-report.ts'
import { dial } from '../../../src/hosts/node-dial.ts'
import { socketFetch } from '../../../src/http1/fetch.ts'
import { sound } from '../../support/zoo.ts'

interface Asked {
  model?: string
  stream?: boolean
  stream_options?: { include_usage?: boolean }
  messages?: unknown
  max_tokens?: number
}

/** What a server does otherwise than a sound one; undefined leaves it to that. */
type Oddity = (
  request: IncomingMessage,
  response: ServerResponse,
  asked: Asked | undefined,
) => boolean | Promise<boolean>

const sse = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache',
  'x-accel-buffering': 'no',
}

let server: Server | undefined
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

/** A server that breaks no rule, but for its oddity. */
async function start(oddity: Oddity = () => false): Promise<string> {
  server = createServer(async (request, response) => {
    if (request.headers.origin) response.setHeader('access-control-allow-origin', '*')
    const asked = (await json(request).catch(() => undefined)) as Asked | undefined
    if (!(await oddity(request, response, asked))) await answer(request, response, asked)
  })
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/chat/completions`
}

async function answer({ method }: IncomingMessage, response: ServerResponse, asked?: Asked) {
  if (method === 'OPTIONS') return void response.writeHead(204).end()
  if (asked === undefined) return refuse(response, 400)
  if (!Array.isArray(asked.messages)) return refuse(response, 400)
  if (asked.model !== 'zoo') return refuse(response, 404)
  if (!asked.stream) return whole(response)
  return stream(response, asked)
}

function refuse(response: ServerResponse, status: number, body = '{"error":{"message":"no"}}') {
  response.writeHead(status, { 'content-type': 'application/json' }).end(body)
}

function whole(response: ServerResponse) {
  const message = { role: 'assistant', content: 'One two' }
  const choices = [{ index: 0, message, finish_reason: 'stop' }]
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(
    JSON.stringify({ id: 'c', object: 'chat.completion', created: 1, model: 'zoo', choices }),
  )
}

async function stream(response: ServerResponse, { stream_options }: Asked) {
  response.writeHead(200, sse)
  for (const frame of sound) {
    if (frame.includes('"usage"') && !stream_options?.include_usage) continue
    response.write(frame)
    await sleep(8)
  }
  response.end()
}

function run(url: string, signal = AbortSignal.timeout(30_000)): Promise<Report> {
  const by = 'a test'
  return check({
    fetch: socketFetch(dial),
    url,
    headers: {},
    model: 'zoo',
    by,
    secrets: [],
    signal,
  })
}

function brokenIn({ asked }: Report): string[] {
  return asked.flatMap(({ findings }) => findings.map(({ rule }) => rule))
}

/** Works on one answer after the other, and on each to its end, whoever is left. */
function oneSlot(): Oddity {
  let line = Promise.resolve()
  return async (_request, response, asked) => {
    if (asked?.max_tokens !== 4_000 && !asked?.stream) return false
    if (asked.model !== 'zoo' || !Array.isArray(asked.messages)) return false
    const isLong = asked.max_tokens === 4_000
    const mine = line.then(async () => {
      if (!isLong) return stream(response, asked)
      response.writeHead(200, sse)
      for (let word = 0; word < 30; word++) {
        if (!response.destroyed) response.write(sound[1] ?? '')
        await sleep(60)
      }
    })
    line = mine.catch(() => {})
    await mine
    return true
  }
}

const oddities: [string, Oddity][] = [
  [
    'whole-shape',
    (_request, response, asked) => {
      if (asked?.stream || !Array.isArray(asked?.messages)) return false
      response.writeHead(200, sse).end(sound.join(''))
      return true
    },
  ],
  [
    'error-model',
    async (_request, response, asked) => {
      if (asked?.model !== 'no-such-model-here') return false
      await stream(response, asked)
      return true
    },
  ],
  [
    'error-json',
    ({ method }, response, asked) => {
      if (asked !== undefined || method !== 'POST') return false
      refuse(response, 500)
      return true
    },
  ],
  [
    'error-field',
    (_request, response, asked) => {
      if (typeof asked?.messages !== 'string') return false
      refuse(response, 500)
      return true
    },
  ],
  [
    'error-shape',
    ({ method }, response, asked) => {
      if (asked !== undefined || method !== 'POST') return false
      refuse(response, 400, 'Bad request')
      return true
    },
  ],
  ['cancel-ignored', oneSlot()],
  [
    'cors-preflight',
    ({ method }, response) => {
      if (method !== 'OPTIONS') return false
      refuse(response, 401)
      return true
    },
  ],
  [
    'cors-answer',
    ({ method }, response) => {
      if (method !== 'OPTIONS') response.removeHeader('access-control-allow-origin')
      return false
    },
  ],
]

describe('a server', () => {
  it('that is sound is clean', async () => {
    const report = await run(await start())
    expect(brokenIn(report)).toEqual([])
    expect(report.scores.every(({ broken, rules: all }) => broken === 0 && all > 0)).toBe(true)
    expect(report.asked.length).toBe(10)
  })

  it.each(oddities)('that breaks %s breaks only that', async (rule, oddity) => {
    const report = await run(await start(oddity))
    expect(new Set(brokenIn(report))).toEqual(new Set([rule]))
    const { section } = rules[rule as keyof typeof rules]
    expect(report.scores.find((score) => score.section === section)?.broken).toBe(1)
  })

  it('that wants a key could not be tested', async () => {
    const url = await start((_request, response) => {
      refuse(response, 401, '{"error":{"message":"a key is wanted"}}')
      return true
    })
    expect((await run(url)).untested).toMatch(/answered 401: .*a key is wanted/)
  })

  it('that is not there could not be tested', async () => {
    const report = await run('http://127.0.0.1:9/v1/chat/completions')
    expect(report.untested).toMatch(/ECONNREFUSED|refused/)
    expect(report.scores).toEqual([])
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
    const sections = ['whole', 'errors', 'cancelling', 'cors']
    const ours = Object.entries(rules).filter(([, { section }]) => sections.includes(section))
    expect(ours.map(([name]) => name).sort()).toEqual(oddities.map(([name]) => name).sort())
  })
})

describe('the report', () => {
  const paint = {
    strong: String,
    weak: String,
    plain: (text: string) => text.replace('\u001b', '?'),
  }

  it('tells of each breach once, with what was seen and what to do', async () => {
    const report = await run(await start())
    expect(textReport(report, paint)).toMatch(/✓ framing {5}11 of 11\n[\s\S]*Clean\.\n$/)
    const wrong = await run(await start(oddities[0]?.[1]))
    const text = textReport(wrong, paint)
    expect(text).toMatch(/✗ whole {7}0 of 1/)
    expect(text).toMatch(/ERROR {2}whole-shape {2}Without stream/)
    expect(text).toMatch(/seen {2}text\/event-stream in a whole answer, byte 0/)
    expect(text).toMatch(/1 error, 0 warnings, 0 hints\n$/)
    expect(countOf(wrong)).toEqual({ error: 1, warning: 0, hint: 0 })
  })

  it('lets a server’s words do nothing to a terminal', async () => {
    const url = await start((_request, response) => {
      refuse(response, 503, '\u001b[2J')
      return true
    })
    expect(textReport(await run(url), paint)).not.toContain('\u001b')
  })
})
