import { afterEach, expect, it, vi } from 'vitest'

const origin = 'https://page.example'

/** What a browser calls for a request of a page; resolves with what the page gets. */
async function worker() {
  const listeners = new Map<string, (event: object) => void>()
  vi.stubGlobal('self', {
    registration: { scope: `${origin}/folder/` },
    location: new URL(origin),
    addEventListener: (type: string, listen: (event: object) => void) =>
      listeners.set(type, listen),
  })
  // By an address that the compiler does not follow: the worker has types of its own.
  await import(new URL('../../../worker/service-worker.ts', import.meta.url).href)
  return async (path: string): Promise<Response | undefined> => {
    let answer: Promise<Response> | undefined
    listeners.get('fetch')?.({
      request: new Request(origin + path),
      respondWith: (response: Promise<Response>) => {
        answer = response
      },
    })
    return answer
  }
}

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
  vi.resetModules()
})

it('answers what lies below its folder, and leaves the rest to the browser', async () => {
  const ask = await worker()
  expect((await ask('/folder/v1/responses/none'))?.status).toBe(404)
  expect(await ask('/folder/index.html')).toBeUndefined()
  expect(await ask('/v1/models')).toBeUndefined()
})

it('answers with a 500 in the shape of the API, whatever throws', async () => {
  const ask = await worker()
  const told = vi.spyOn(console, 'error').mockImplementation(() => {})
  vi.spyOn(crypto, 'randomUUID').mockImplementationOnce(() => {
    throw new Error('secret')
  })
  const response = await ask('/folder/v1/models')
  expect(response?.status).toBe(500)
  expect(await response?.json()).toMatchObject({ error: { code: 'internal_error' } })
  expect(told).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('secret'))
})
