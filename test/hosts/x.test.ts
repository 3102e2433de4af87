import { expect, it } from 'vitest'
import { startServer, runToEnd, type HostName } from '../support/server.ts'
it.each(['bun','deno','node','workerd'] as HostName[])('%s', async (host) => {
  const t = performance.now()
  await using s = await startServer(host)
  console.log(host, performance.now()-t, s.url, s.pid, s.supervisor, s.memory()/1e6)
  const r = await fetch(s.base + '/models'); console.log(await r.text())
  console.log(await s.nextLog(e => e.id === r.headers.get('x-request-id')))
  const t2 = performance.now()
  expect(await s.stop()).toBe(0)
  console.log('stop', performance.now()-t2)
  console.log(await runToEnd(host, ['--version']))
})
