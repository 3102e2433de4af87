import { describe, expect, it } from 'vitest'
import { createHostedHandler } from '../../../src/handler.ts'
import { createHandler } from '../../../src/index.ts'

const never = async () => {
  throw new Error('refused')
}

async function errorOf(options: Parameters<typeof createHandler>[0], url: string) {
  const { fetch } = createHandler({ insecure: true, fetch: never, ...options })
  const response = await fetch(new Request(url))
  return ((await response.json()) as { error: { code: string; doc_url?: string } }).error
}

describe('the address of what an error code means', () => {
  it.each([
    [{}, 'http://sluice.test/v1/models/none', 'http://sluice.test/docs/errors/model_not_found'],
    [
      { basePath: '/ai' },
      'https://app.test/ai/v1/models/none',
      'https://app.test/ai/docs/errors/model_not_found',
    ],
    [
      { docsUrl: 'https://docs.test/sluice/' },
      'http://sluice.test/v1/models/none',
      'https://docs.test/sluice/errors#model_not_found',
    ],
  ])('with %j', async (options, url, address) => {
    expect(await errorOf(options, url)).toMatchObject({ code: 'model_not_found', doc_url: address })
  })

  it('is none for a host that is refused, whose name another may have', async () => {
    const url = 'http://evil.test/v1/models'
    const ask = async (settings: object) => {
      const { fetch } = createHostedHandler(settings, { exposure: 'machine' })
      const { error } = (await (await fetch(new Request(url))).json()) as { error: object }
      return error
    }
    const refused = await ask({ discover: false })
    expect(refused).toMatchObject({ code: 'host_not_allowed' })
    expect(refused).not.toHaveProperty('doc_url')
    const doc_url = 'https://docs.test/errors#host_not_allowed'
    expect(await ask({ discover: false, docsUrl: 'https://docs.test' })).toMatchObject({ doc_url })
  })

  it('is that of a page below the same path', async () => {
    const { fetch } = createHandler({ insecure: true, basePath: '/ai', fetch: never })
    const headers = { accept: 'text/html' }
    const response = await fetch(new Request('https://app.test/ai/docs/errors', { headers }))
    expect(await response.text()).toContain('<a href="/ai/docs/errors/not_found">')
  })

  it.each(['no URL', 'ftp://docs.test', 'https://me:secret@docs.test', 'https://docs.test?x'])(
    'may be no other: %s',
    (docsUrl) => {
      expect(() => createHandler({ docsUrl })).toThrow('docsUrl: expected an http or https URL')
    },
  )
})
