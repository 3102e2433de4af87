// Which requests go to the object of a stream, and which stay in the worker.

import { describe, expect, it } from 'vitest'
import type { CallerLimits } from '../../src/guard/limits-of-key.ts'
import { forwardToRun, inObjects, RUN_HEADER } from '../../worker/objects/forward.ts'
import type { ObjectNamespace } from '../../worker/objects/platform.ts'

const ID = '0123456789abcdef0123456789abcdef'

const OLLAMA_PATHS = ['/api/chat', '/api/generate']
const STREAMING_PATHS = [
  '/v1/chat/completions',
  '/v1/completions',
  '/v1/messages',
  '/v1/responses',
  ...OLLAMA_PATHS,
]

/** Objects that note what they are asked. */
function noting() {
  const asked: { name: string; request: Request }[] = []
  const namespace: ObjectNamespace = {
    getByName: (name) => ({
      async fetch(request) {
        asked.push({ name, request })
        return new Response('of the object')
      },
    }),
  }
  return { asked, namespace }
}

describe('a request for a stream', () => {
  const ask = async (method: string, path: string, isKnown = true) => {
    const { asked, namespace } = noting()
    const request = new Request(`https://sluice.example${path}`, { method })
    const bindings = { STREAM_RUNS: namespace }
    await forwardToRun(request, bindings, { isKnown: async () => isKnown })
    return asked[0]?.name
  }

  it.each([
    ['GET', `/v1/streams/strm_${ID}`],
    ['HEAD', `/v1/streams/strm_${ID}?starting_after=3`],
    ['DELETE', `/v1/streams/resp_${ID}`],
    ['POST', `/v1/streams/strm_${ID}/stop`],
    ['GET', `/v1/responses/resp_${ID}?stream=true&starting_after=3`],
    ['DELETE', `/v1/responses/resp_${ID}`],
    ['POST', `/v1/responses/resp_${ID}/cancel`],
  ])('goes to its object: %s %s', async (method, path) => {
    expect(await ask(method, path)).toMatch(new RegExp(`^(strm|resp)_${ID}$`))
    expect(path).toContain(String(await ask(method, path)))
    // The worker refuses a stranger, and wakes no object for him.
    expect(await ask(method, path, false)).toBeUndefined()
  })

  it.each([
    ['OPTIONS', `/v1/streams/strm_${ID}`],
    ['GET', '/v1/streams/strm_x'],
    ['GET', `/v1/streams/strm_${ID}0`],
    ['GET', `/v1/responses/resp_${ID}`],
    ['GET', `/v1/responses/resp_${ID}/input_items`],
    ['POST', '/v1/responses/compact'],
    ['GET', '/v1/models'],
  ])('stays where it is, if it is none: %s %s', async (method, path) => {
    expect(await ask(method, path)).toBeUndefined()
  })
})

describe('a request for an answer', () => {
  const resumable = { name: 'ann', resumable: true }
  const ask = async (
    path: string,
    body: object,
    { header, limits }: { header?: string; limits?: CallerLimits } = {},
  ) => {
    const { asked, namespace } = noting()
    let handedOver = 0
    const caller = { limits, handOver: () => handedOver++ } as never
    const headers: Record<string, string> = { 'content-length': '99', [RUN_HEADER]: 'strm_mine' }
    if (header !== undefined) headers['x-sluice-resume'] = header
    const request = new Request(`https://sluice.example${path}`, { method: 'POST', headers })
    const response = await inObjects(namespace)(request, body, { caller })
    expect(response !== undefined).toBe(asked.length > 0)
    // It is counted in one place.
    expect(handedOver).toBe(asked.length)
    return asked[0]
  }

  it('goes to an object with a new id, with its body', async () => {
    const body = { model: 'm', stream: true }
    const asked = await ask('/v1/chat/completions', body, { header: '1' })
    expect(asked?.name).toMatch(/^strm_[0-9a-f]{32}$/)
    expect(asked?.request.headers.get(RUN_HEADER)).toBe(asked?.name)
    expect(await asked?.request.json()).toEqual(body)
    const other = await ask('/v1/chat/completions', body, { header: '1' })
    expect(other?.name).not.toBe(asked?.name)
  })

  it.each([
    ['strm_', '/v1/messages', { stream: true }, { header: '1' }],
    ['strm_', '/v1/messages', { stream: true }, { limits: resumable }],
    ['strm_', '/api/chat', {}, { header: '1' }],
    ...STREAMING_PATHS.flatMap((path) => {
      const prefix = path === '/v1/responses' ? 'resp_' : 'strm_'
      return [
        [prefix, `${path}?beta=true`, { stream: true }, { header: '1' }] as const,
        [prefix, `${path}/?a=/x`, { stream: true }, { header: '1' }] as const,
      ]
    }),
    ...OLLAMA_PATHS.flatMap((path) => [
      ['strm_', `${path}?x=1`, {}, { header: '1' }] as const,
      ['strm_', `${path}/?x=1`, { stream: null }, { limits: resumable }] as const,
      ['strm_', path, { stream: null }, { header: '1' }] as const,
    ]),
    ['resp_', '/v1/responses', { stream: true }, { header: '1' }],
    ['resp_', '/v1/responses', { background: true }, {}],
  ] as const)('goes to one named %s… for %s %j %j', async (prefix, path, body, asking) => {
    expect((await ask(path, body, asking))?.name.startsWith(prefix)).toBe(true)
  })

  it.each([
    ['/v1/chat/completions', { stream: true }, {}],
    ['/v1/chat/completions', { stream: true }, { header: '0' }],
    ['/v1/chat/completions', { stream: false }, { header: '1' }],
    ['/v1/chat/completions', { background: true }, {}],
    ...STREAMING_PATHS.filter((path) => !OLLAMA_PATHS.includes(path)).flatMap((path) => [
      [`${path}?x=/api/chat`, {}, { header: '1' }] as const,
      [path, { stream: null }, { header: '1' }] as const,
    ]),
    ['/api/chat', { stream: false }, { header: '1', limits: resumable }],
    ['/v1/responses', { background: 'true', stream: true }, {}],
    ['/v1/responses', 'background', {}],
  ] as const)('stays in the worker for %s %j %j', async (path, body, asking) => {
    expect(await ask(path, body as object, asking)).toBeUndefined()
  })
})
