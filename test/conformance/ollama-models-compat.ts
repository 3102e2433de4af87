import { createServer } from 'node:http'
import { describe, expect, it } from 'vitest'
import { createDiscovery } from '../../src/engines/registry/discovery.ts'
import { needs } from '../support/hosts.ts'
import { postChat, readStream } from '../support/read.ts'
import { nextFor, tag } from '../support/relay.ts'
import { type HostName, runToEnd, startServer } from '../support/server.ts'
import { pace } from '../support/talk.ts'
import { closedPort, startUpstream } from '../support/upstream.ts'

/** `--compat ollama`: the second listener. */
export function ollamaCompat(host: HostName): void {
  describe(
    'a server',
    { ...needs(host, 'process'), ...(host === 'workerd' && { skip: true }) },
    () => servers(host),
  )

  it('is not on workerd, which says so', { skip: host !== 'workerd' }, async () => {
    const { code, stderr } = await runToEnd(host, ['--compat', 'ollama'])
    expect(code).toBe(2)
    expect(stderr).toMatch(
      /^sluice: compat: this setting is not supported on workerd, only on Bun, Deno and Node; .* OLLAMA_HOST=[^\n]+\n$/,
    )
  })
}

/** Starts a server that also listens as Ollama, at a port that was free. */
async function start(host: HostName, port: number, flags: string[] = []) {
  return startServer(host, ['--compat', `ollama=${port}`, ...flags])
}

function servers(host: HostName): void {
  it('also listens where programs look for Ollama, and greets as it does', async () => {
    const port = await closedPort()
    await using server = await start(host, port)
    const url = `http://127.0.0.1:${port}`
    expect(server.stderr()).toContain(`Programs made for Ollama find it at ${url}\n`)
    const greeting = await fetch(url)
    expect(await greeting.text()).toBe('Ollama is running')
    expect(greeting.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    const head = await fetch(url, { method: 'HEAD' })
    expect(head.status).toBe(200)
    expect(await head.text()).toBe('')
    const { models } = (await (await fetch(`${url}/api/tags`)).json()) as { models: object[] }
    expect(models).toMatchObject([{ name: 'static' }])
    expect(await (await fetch(`${url}/v1/models`)).json()).toMatchObject({ object: 'list' })
    // The page is where it was, and Ollama's clients are greeted there, too.
    expect(await (await fetch(server.url)).text()).toContain('<html')
    const headers = { 'user-agent': 'ollama/0.32.15 (amd64 linux) Go/go1.26' }
    expect(await (await fetch(server.url, { headers })).text()).toBe('Ollama is running')
  })

  it('lets the streams of both listeners end before it stops, and closes both', async () => {
    const upstream = await startUpstream()
    const port = await closedPort()
    await using server = await start(host, port, ['--upstream', `gpu=${upstream.url}`])
    const body = tag({ script: pace(8, 100) })
    const response = await postChat(`http://127.0.0.1:${port}/v1`, body)
    const end = readStream(response)
    await nextFor({ upstream }, body)
    const stopped = server.stop('SIGTERM')
    expect(await end).toMatchObject({ outcome: 'finished', problems: [] })
    expect(await stopped).toBe(0)
    for (const each of [port, server.port]) {
      await expect(fetch(`http://127.0.0.1:${each}/health`)).rejects.toThrow()
    }
    await upstream.close()
  })

  it('says who has the port, and serves without it', async () => {
    const ollama = createServer((_, response) => {
      response.setHeader('content-type', 'application/json')
      response.end('{"version":"0.31.2"}')
    })
    await new Promise<void>((resolve) => ollama.listen(0, '127.0.0.1', resolve))
    const { port } = ollama.address() as { port: number }
    await using server = await start(host, port)
    expect(server.stderr()).toMatch(
      new RegExp(
        `^Warning: compat: expected port ${port} to be free, but Ollama 0\\.31\\.2 uses it; stop it, .*--upstream ollama=http.* at ${server.url}\\.$`,
        'm',
      ),
    )
    expect((await fetch(`${server.url}/api/tags`)).status).toBe(200)
    ollama.closeAllConnections()
    ollama.close()
  })

  it('is told from an Ollama by another sluice, which finds it there', async () => {
    const port = await closedPort()
    const upstream = await startUpstream({ persona: 'ollama' })
    await using first = await start(host, port, ['--upstream', `own=${upstream.url}`])
    expect(first.stderr()).toContain(`at http://127.0.0.1:${port}\n`)
    await using second = await start(host, port)
    expect(second.stderr()).toMatch(
      /but another sluice \(\d+\.\d+\.\d+[^)]*\) uses it; stop that program/,
    )
    const discovery = createDiscovery({
      ...{ fetch, lenient: [], known: [], ports: { [port]: 'ollama' } },
    })
    const [found, other] = await discovery.probeAll(AbortSignal.timeout(5_000))
    expect(other).toBeUndefined()
    expect(found?.engine.label).toBe('sluice')
    expect(found?.models.map(({ id }) => id)).toEqual(['llama3.2:latest', 'qwen3:8b', 'static'])
    await upstream.close()
  })

  it('may have that port as its only one', async () => {
    const port = String(await closedPort())
    await using server = await startServer(host, ['--compat', `ollama=${port}`, '--port', port])
    expect(server.stderr()).toContain(`Programs made for Ollama find it at ${server.url}\n`)
    expect(await (await fetch(server.url)).text()).toBe('Ollama is running')
    const headers = { accept: 'text/html,application/xhtml+xml' }
    expect(await (await fetch(server.url, { headers })).text()).toContain('<html')
  })

  it('listens at one such port only', async () => {
    const { code, stderr } = await runToEnd(host, ['--compat', 'ollama', '--compat', 'ollama=1'])
    expect(stderr).toBe(
      'sluice: --compat: expected one value, got "ollama, ollama=1"; remove the others.\n',
    )
    expect(code).toBe(2)
  })

  it.each(['lm-studio', 'ollama=x', 'ollama=70000'])('knows no %s', async (value) => {
    const { code, stderr } = await runToEnd(host, ['--compat', value])
    expect(stderr).toMatch(/^sluice: --compat: expected ollama, or ollama=PORT .*\n$/)
    expect(code).toBe(2)
  })
}
