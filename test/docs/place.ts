/** Where the blocks of a page run: a folder, a server, and the addresses that the page names. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { root } from '../../scripts/hosts.mjs'
import { runtime } from '../../src/hosts/node/runtime.ts'
import { requireProtection } from '../../src/hosts/server/exposure.ts'
import { type Server, start } from '../../src/hosts/server/serve.ts'
import type { LogEntry } from '../../src/platform/log.ts'
import type { Settings } from '../../src/settings/settings.ts'
import type { PersonaName } from '../support/personas.ts'
import { closedPort, startUpstream, type Upstream } from '../support/upstream.ts'

/** The ports at which pages say that model servers are, and how the scripted ones there speak. */
const UPSTREAMS: Readonly<Record<string, PersonaName>> = {
  11434: 'ollama',
  11435: 'ollama',
  1234: 'lmStudio',
  8080: 'llamaServer',
  8000: 'vllm',
  30000: 'sglang',
  5000: 'openai',
  1337: 'openai',
}
const SLUICE = '8787'
/** Something between client and sluice that holds back what it forwards. */
const HOLDING_BACK = '8095'

/** No other program on this machine takes part, and nobody waits for a word. */
const HERE = { host: '127.0.0.1', discover: false, compat: [] }

/** Of the sentence: a page that says nothing else need not wait for it. */
const USUAL_DELAY = 100

const upstreams = new Map<PersonaName, Promise<Upstream>>()

/** The scripted servers, one of each kind for all pages. */
function upstreamAs(persona: PersonaName): Promise<Upstream> {
  const known = upstreams.get(persona)
  if (known) return known
  const model = { id: 'my-model', object: 'model', created: 0, owned_by: 'me' } as const
  const script = { persona, words: ['Hello!', 'How', 'are', 'you?'] }
  const started = startUpstream({ persona, models: [model], script })
  upstreams.set(persona, started)
  return started
}

export async function closeUpstreams(): Promise<void> {
  for (const upstream of upstreams.values()) await (await upstream).close()
  upstreams.clear()
}

/** A page’s folder, its server, and the ports that stand for those that it names. */
export class Place {
  readonly folder: string
  readonly #base = mkdtempSync(join(tmpdir(), 'sluice-docs-'))
  readonly entries: LogEntry[] = []
  readonly #ports = new Map<string, number>()
  #server: Server | undefined
  #proxy: HttpServer | undefined

  constructor() {
    // Programs find the packages that clients install, and this package as if it were one of them.
    symlinkSync(join(root, 'node_modules'), join(this.#base, 'node_modules'))
    this.folder = join(this.#base, 'project')
    mkdirSync(this.folder)
    writePackage(this.folder)
  }

  /** The text of a page, with the addresses of this place in it. */
  async withAddresses(text: string): Promise<string> {
    const named = text.matchAll(/(?:127\.0\.0\.1|localhost|0\.0\.0\.0|\[::1?\]):(\d{2,5})\b/g)
    for (const [, port = ''] of named) await this.#portFor(port)
    return text.replace(
      /(127\.0\.0\.1|localhost|0\.0\.0\.0):(\d{2,5})\b/g,
      (_, host: string, port: string) => `${host}:${this.#ports.get(port)}`,
    )
  }

  /** What a program printed, with the addresses of the page in it. */
  withPageAddresses(text: string): string {
    let result = text
    for (const [named, port] of this.#ports) result = result.replaceAll(`:${port}`, `:${named}`)
    return result.replaceAll(this.folder, '.')
  }

  /** Starts the server that a page’s command asks for, in the place of the one before. */
  async serve(settings: Settings): Promise<void> {
    requireProtection(settings, false)
    await this.#server?.stop(0)
    this.#server = undefined
    const port = await this.#portFor(SLUICE)
    const { staticDelay } = settings
    const upstream = settings.upstream.length > 0 ? settings.upstream : await usual()
    this.#server = await start(
      runtime,
      {
        ...settings,
        ...HERE,
        port,
        upstream,
        staticDelay: staticDelay === USUAL_DELAY ? 2 : staticDelay,
      },
      { log: (entry) => this.entries.push(entry) },
    )
    await this.#server.refresh()
  }

  get isServing(): boolean {
    return this.#server !== undefined
  }

  write(path: string, text: string): void {
    const full = join(this.folder, path.replace(/^~\//, ''))
    mkdirSync(dirname(full), { recursive: true })
    writeFileSync(full, text, { mode: 0o600 })
  }

  async close(): Promise<void> {
    this.#proxy?.close()
    await this.#server?.stop(0)
    rmSync(this.#base, { recursive: true, force: true })
  }

  async #portFor(named: string): Promise<number> {
    const known = this.#ports.get(named)
    if (known) return known
    const port = await this.#portAt(named)
    this.#ports.set(named, port)
    return port
  }

  async #portAt(named: string): Promise<number> {
    const persona = UPSTREAMS[named]
    if (persona) return (await upstreamAs(persona)).port
    if (named !== HOLDING_BACK) return closedPort()
    this.#proxy = await startHoldingBack(await this.#portFor(SLUICE))
    return (this.#proxy.address() as AddressInfo).port
  }
}

/** A proxy that sends an answer only when it has all of it. */
async function startHoldingBack(port: number): Promise<HttpServer> {
  const server = createServer(async (request, response) => {
    const leaving = new AbortController()
    response.once('close', () => leaving.abort())
    const { method = 'GET', url = '/' } = request
    const headers = new Headers(request.headers as Record<string, string>)
    for (const name of ['host', 'connection', 'transfer-encoding']) headers.delete(name)
    const body = method === 'POST' ? { body: await buffer(request) } : {}
    try {
      const init = { method, headers, signal: leaving.signal, ...body }
      const answer = await fetch(`http://127.0.0.1:${port}${url}`, init)
      const bytes = Buffer.from(await answer.arrayBuffer())
      const kept = [...answer.headers].filter(
        ([name]) => !/^(content-length|transfer|connection)/.test(name),
      )
      response.writeHead(answer.status, Object.fromEntries(kept)).end(bytes)
    } catch {
      response.destroy()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

async function usual() {
  return [{ label: 'ollama', url: (await upstreamAs('ollama')).url }]
}

/** The package by its name, from its sources. */
function writePackage(folder: string): void {
  const { name } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { name: string }
  const own = join(folder, 'node_modules', name)
  mkdirSync(own, { recursive: true })
  const exports = { '.': './src/index.ts', './node': './src/hosts/node.ts' }
  writeFileSync(join(own, 'package.json'), JSON.stringify({ name, type: 'module', exports }))
  // Node runs no TypeScript below node_modules; through the link it is elsewhere.
  symlinkSync(join(root, 'src'), join(own, 'src'))
}
