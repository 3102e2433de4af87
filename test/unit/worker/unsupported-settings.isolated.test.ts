import { expect, it, vi } from 'vitest'

it('refuses every request where a setting asks for what a worker cannot do, and logs why', async () => {
  const logged = vi.spyOn(console, 'error').mockReturnValue()
  // The worker reads its settings once, and another file of tests may have imported it already.
  vi.resetModules()
  const { default: worker } = await import('../../../worker/edge.ts')
  const request = new Request('http://localhost/v1/models')
  const response = await worker.fetch(request, { SLUICE_TLS_CERT: 'cert.pem' })
  expect(response.status).toBe(503)
  expect(await response.json()).toMatchObject({
    error: { code: 'settings_invalid', message: expect.stringContaining('tlsCert') },
  })
  expect(logged).toHaveBeenCalledExactlyOnceWith(
    expect.stringMatching(/^sluice: tlsCert: this setting is not supported in a worker, /),
  )
  logged.mockRestore()
})
