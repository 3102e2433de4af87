import { connect, createServer } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { serve } from '../../../../src/hosts/node.ts'
import { listenAsOllama, withGreeting } from '../../../../src/hosts/server/compat.ts'
import type { Runtime } from '../../../../src/hosts/server/runtime.ts'
import type { Server } from '../../../../src/hosts/server/serve.ts'
import { greeting } from '../../../../src/routes/ollama/greeting.ts'
import { parseSettings } from '../../../../src/settings/settings.ts'

const running: { stop(): unknown }[] = []
afterEach(async () => {
  for (const { stop } of running.splice(0)) await stop()
  vi.restoreAllMocks()
})

async function start(compat: string): Promise<Server> {
  const server = await serve({ port: 0, discover: false, compat: [compat] })
  running.push({ stop: () => server.stop(0) })
  return server
}

describe('a server that also listens as Ollama', () => {
  it('closes both listeners when it stops', async () => {
    const server = await start('ollama=0')
    const { url, ollamaUrl = '' } = server
    expect(server.warnings).toEqual([])
    expect(ollamaUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(ollamaUrl).not.toBe(url)
    for (const each of [url, ollamaUrl]) expect((await fetch(`${each}/health`)).status).toBe(200)
    await server.stop(0)
    for (const each of [url, ollamaUrl]) {
      await expect(fetch(`${each}/health`)).rejects.toThrow('fetch failed')
    }
    const again = await start(`ollama=${new URL(ollamaUrl).port}`)
    expect(again.ollamaUrl).toBe(ollamaUrl)
  })

  it('says in code, too, that the port is taken, also by a program that says nothing', async () => {
    const silent = createServer((socket) => socket.resume().on('error', () => {}))
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    running.push({ stop: () => silent.close() })
    const { port } = silent.address() as { port: number }
    const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    const server = await start(`ollama=${port}`)
    expect(server.ollamaUrl).toBeUndefined()
    expect(server.warnings).toEqual([
      `compat: expected port ${port} to be free, but another program uses it; stop that program and start sluice again, or choose another port with --compat ollama=PORT. Until then programs made for Ollama find sluice at ${server.url}.`,
    ])
    expect(written).toHaveBeenCalledWith(`sluice: ${server.warnings[0]}\n`)
    expect((await fetch(`${server.url}/api/version`)).status).toBe(200)
  })

  it('says why it cannot listen where no program has the port', async () => {
    const message = 'listen EACCES: permission denied 127.0.0.1:80'
    const runtime = {
      fetch: () => Promise.reject(new TypeError('connection refused')),
      listen: () => Promise.reject(new Error(message)),
    } as unknown as Runtime
    const settings = parseSettings({ compat: ['ollama=80'] })
    const { warning } = await listenAsOllama(runtime, settings, undefined, fetch, 'http://a:8787')
    expect(warning).toContain(`compat: expected port 80 to be free, got: ${message}; stop`)
  })
})

describe('where another sluice listens as Ollama already', () => {
  const listen = vi.fn(async () => ({ port: 11_434, close: async () => {} }))
  const runtime = {
    fetch: async () => Response.json({ version: '0.99.0', sluice: '1.2.3' }),
    listen,
  } as unknown as Runtime
  const listenTwo = (reusePort: boolean) => {
    const settings = parseSettings({ compat: ['ollama'], reusePort })
    return listenAsOllama(runtime, settings, undefined, fetch, 'http://127.0.0.1:8787')
  }

  it('shares its port where ports are shared, and says so where they are not', async () => {
    expect(await listenTwo(true)).toMatchObject({ url: 'http://127.0.0.1:11434' })
    expect(listen).toHaveBeenCalledWith(expect.objectContaining({ reusePort: true }))
    expect((await listenTwo(false)).warning).toContain('but another sluice (1.2.3) uses it')
  })

  it('says so too where that one does not share it', async () => {
    listen.mockRejectedValueOnce(Object.assign(new Error('in use'), { code: 'EADDRINUSE' }))
    expect((await listenTwo(true)).warning).toContain('but another sluice (1.2.3) uses it')
  })
})

/** The status line and headers of the answer to a request that `fetch` would not send. */
function askRaw(url: string, ...headers: string[]): Promise<string> {
  const { port, hostname } = new URL(url)
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const socket = connect(Number(port), hostname)
  let answer = ''
  socket.on('data', (data) => {
    answer += data
  })
  socket.on('error', reject).on('end', () => resolve(answer))
  socket.write(['GET / HTTP/1.1', ...headers, 'connection: close', '', ''].join('\r\n'))
  return promise
}

describe('the address where Ollama is looked for', () => {
  it('greets those alone that may ask, and logs it', async () => {
    const log: object[] = []
    const settings = { port: 0, discover: false, compat: ['ollama=0'] }
    const server = await serve({ ...settings, log: (entry) => log.push(entry) })
    running.push({ stop: () => server.stop(0) })
    const { ollamaUrl = '' } = server
    const { host } = new URL(ollamaUrl)
    const greeting = await askRaw(ollamaUrl, `host: ${host}`)
    expect(greeting).toMatch(/^HTTP\/1\.1 200 .*x-request-id: .*Ollama is running/is)
    expect(log).toMatchObject([{ method: 'GET', path: '/', status: 200 }])
    for (const hosts of [['evil.example'], [host, 'evil.example'], ['evil.example:11434']]) {
      const told = await askRaw(ollamaUrl, ...hosts.map((each) => `host: ${each}`))
      expect(told).toMatch(/^HTTP\/1\.1 4(21|00) /)
    }
    const foreign = await askRaw(ollamaUrl, `host: ${host}`, 'origin: http://evil.example')
    expect(foreign).toMatch(/^HTTP\/1\.1 403 /)
  })
})

describe('the greeting', () => {
  const page = async (request: Request) => greeting(request) ?? new Response('page')
  const ask = async (keepsPage: boolean, path: string, init?: RequestInit) =>
    (await withGreeting(page, keepsPage)(new Request(`http://a:11434${path}`, init))).text()

  it('is at / alone, for GET and HEAD', async () => {
    for (const path of ['', '/', '/?x=1']) expect(await ask(false, path)).toBe('Ollama is running')
    expect(await ask(false, '/', { method: 'HEAD' })).toBe('Ollama is running')
    for (const path of ['/status', '/api/tags', '//']) expect(await ask(false, path)).toBe('page')
    expect(await ask(false, '/', { method: 'POST' })).toBe('page')
  })

  it('leaves the page to browsers where it is at no other address', async () => {
    const headers = { accept: 'text/html' }
    expect(await ask(true, '/', { headers })).toBe('page')
    expect(await ask(false, '/', { headers })).toBe('Ollama is running')
    expect(await ask(true, '/')).toBe('Ollama is running')
  })
})
