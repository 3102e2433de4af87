import { expect, it, vi } from 'vitest'
import worker from '../../../worker/edge.ts'

it('refuses every request where a setting asks for what a worker cannot do, and logs why', async () => {
  const logged = vi.spyOn(console, 'error').mockReturnValue()
  const request = new Request('http://localhost/v1/models')
  const response = await worker.fetch(request, { SLUICE_TLS_CERT: 'cert.pem' })
  expect(response.status).toBe(503)
  expect(await response.json()).toMatchObject({
    error: { code: 'settings_invalid', message: expect.stringContaining('tlsCert') },
  })
  expect(logged).toHaveBeenCalledExactlyOnceWith(
    expect.stringMatching(/^sluice: tlsCert: a worker cannot do what this setting asks for/),
  )
  logged.mockRestore()
})
