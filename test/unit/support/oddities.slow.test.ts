import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TEXT } from '../../support/oddities/plain.ts'
import { ODDITIES } from '../../support/oddities.ts'
import { postChat, readStream } from '../../support/read.ts'
import { startUpstream, type Upstream } from '../../support/upstream.ts'

let upstream: Upstream

beforeAll(async () => {
  upstream = await startUpstream()
})

afterAll(() => upstream.close())

it('has a name of its own for each, and survives a journey as JSON', () => {
  expect(new Set(ODDITIES.map((entry) => entry.name)).size).toBe(ODDITIES.length)
  for (const { script } of ODDITIES) expect(JSON.parse(JSON.stringify(script))).toEqual(script)
})

/** What only someone sees who knows what was asked for. */
const LOOKS_FAULTLESS = ['a stream where JSON was asked for']

describe.each(ODDITIES)('$name', ({ name, script, request, expect: expected, ...entry }) => {
  it('says what is to become of it', () => {
    expect(entry.code !== undefined).toBe(expected === 'failed')
    expect(entry.repaired !== undefined).toBe(expected === 'repaired')
    if (expected !== 'failed') expect(entry.text).toBeDefined()
  })

  it('reaches a client, faultless only if it is to be passed on', async () => {
    const response = await postChat(upstream.url, { ...request, script })
    expect(response.status).toBe(200)
    const hangs = script.steps.some((step) => 'hang' in step)
    const read = await readStream(response, {
      usage: request?.stream_options !== undefined,
      onEvent: (event) => !(hangs && event.data === '[DONE]'),
    })
    const isFaultless = read.problems.length === 0 && read.outcome === 'finished'
    if (isFaultless) expect(read.text).toBe(entry.text ?? TEXT)
    if (expected !== 'passed') expect(isFaultless).toBe(LOOKS_FAULTLESS.includes(name))
  })
})
