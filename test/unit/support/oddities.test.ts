import { afterAll, beforeAll, describe, expect, it } from 'vitest'
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

describe.each(ODDITIES)('$name', ({ script, request, expect: expected, code, mended, text }) => {
  it('says what is to become of it', () => {
    expect(code !== undefined).toBe(expected === 'failed')
    expect(mended !== undefined).toBe(expected === 'mended')
    if (expected !== 'failed') expect(text).toBeDefined()
  })

  // A silent end is the one thing that reading to the end cannot show.
  it.skipIf(script.steps.some((step) => 'hang' in step))('reaches a client', async () => {
    const response = await postChat(upstream.url, { ...request, script })
    expect(response.status).toBe(200)
    const read = await readStream(response, { usage: request?.stream_options !== undefined })
    if (expected === 'passed' && read.problems.length === 0) expect(read.text).toBe(text)
    // What must be mended or must fail cannot look faultless to begin with.
    const faultless = read.problems.length === 0 && read.outcome === 'finished'
    if (expected === 'mended' && !LOOKS_FAULTLESS.has(mended?.join() ?? '')) {
      expect(faultless).toBe(false)
    }
  })
})

/** A wrong index is an index all the same: only who knows the calls' ids sees it. */
const LOOKS_FAULTLESS = new Set(['tool_index'])
