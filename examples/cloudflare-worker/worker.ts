import { createHandler, type Handler, settingsFromEnv } from '@sluice/sluice'

let handler: Handler | undefined

export default {
  fetch(request: Request, env: Record<string, unknown>, context: unknown): Promise<Response> {
    // Made at the first request: a Worker has its environment no earlier.
    handler ??= createHandler({
      ...settingsFromEnv(env),
      basePath: '/ai',
      // A Worker learns that a client has left only when it writes to it.
      heartbeat: 2_000,
      log: 'json',
    })
    const { pathname } = new URL(request.url)
    if (pathname === '/') return Promise.resolve(new Response('The API is below /ai/v1.\n'))
    // With the context, what goes on after a response is finished before the Worker is stopped.
    return handler.fetch(request, context)
  },
}
