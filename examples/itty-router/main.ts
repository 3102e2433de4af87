import { createHandler } from '@sluice/sluice'
import { Router } from 'itty-router'

const sluice = createHandler({
  basePath: '/ai',
  upstream: ['http://127.0.0.1:11434/v1'],
  // For a try on this machine: whoever reaches it may use it.
  insecure: true,
})

const router = Router()
router
  .get('/', () => new Response('The API is below /ai/v1.'))
  // Further arguments, such as a Worker's environment and context, are passed on.
  .all('/ai/*', sluice.fetch)
  .all('*', () => new Response('Not found', { status: 404 }))

export default { fetch: router.fetch }
