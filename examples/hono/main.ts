import { createHandler } from '@sluice/sluice'
import { Hono } from 'hono'

const sluice = createHandler({
  // Hono takes the prefix away; links and messages still have to name it.
  basePath: '/ai',
  upstream: ['http://127.0.0.1:11434/v1'],
  // For a try on this machine: whoever reaches it may use it.
  insecure: true,
})

const app = new Hono()
app.get('/', (context) => context.text('The API is below /ai/v1.'))
app.mount('/ai', sluice.fetch)

export default app
