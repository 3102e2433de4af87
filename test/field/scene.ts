/** Everything that one cell needs: a server behind sluice, sluice, and a client's home. */
import { createHash } from 'node:crypto'
import type { ProcessHost } from '../support/hosts.ts'
import type { LogEntry, Server } from '../support/server.ts'
import { startProcess } from '../support/server-process.ts'
import { type Api, type Client, linesIdOf } from './clients.ts'
import { type Block, blocksFor, type Kind, linesOf, readPage, type Values } from './page.ts'
import { makePlace, type Place, removePlace, writeFiles } from './place.ts'
import { type Program, startLines } from './program.ts'
import { random } from './sample.ts'
import { serveTabPage, startFieldTab } from './tab.ts'
import { MODEL } from './tab-words.ts'
import { type FieldEngine, startFieldUpstream } from './upstream.ts'

export const KEYS = {
  good: 'sluice_field-good',
  limited: 'sluice_field-limited',
  wrong: 'sluice_field-wrong',
  admin: 'sluice_field-admin',
}

const FLAGS = ['--no-discover', '--log', 'json']

export interface Scene {
  client: Client
  api: Api
  blocks: Block[]
  place: Place
  engine: FieldEngine
  server: Server
  /** What note.txt and note2.txt hold. */
  notes: [string, string]
}

export async function makeScene(
  client: Client,
  api: Api,
  cell: string,
  { host, seed }: { host: ProcessHost; seed: number },
): Promise<Scene> {
  const draw = random(seed)
  const note = () => `marker-${Math.floor(draw() * 2 ** 32).toString(16)}`
  const notes: [string, string] = [note(), note()]
  const place = makePlace(client.name, `${client.name}-${api.id}-${cell}`, notes)
  const keys: Record<string, string> = api.isKeyless ? {} : { SLUICE_KEYS: keyEntries() }
  const started = { host, folder: place.project, seed, keys }
  const { engine, server } = await (api.isByTab ? startWithTab : startWithUpstream)(started)
  const blocks = blocksFor(readPage(client.name), linesIdOf(api))
  return { client, api, blocks, place, engine, server, notes }
}

interface Started {
  host: ProcessHost
  folder: string
  seed: number
  keys: Record<string, string>
}

async function startWithUpstream({ host, folder, seed, keys }: Started) {
  const engine = await startFieldUpstream({ models: [MODEL], folder, seed })
  const flags = [...FLAGS, '--upstream', engine.url]
  return { engine, server: await startProcess(host, flags, keys) }
}

/** A server whose only engine is a tab that was paired with it. */
async function startWithTab({ host, folder, keys }: Started) {
  const page = await serveTabPage()
  const flags = [...FLAGS, ...(host === 'workerd' ? ['--tabs'] : [])]
  const server = await startProcess(host, flags, { ...keys, SLUICE_PAGE_SERVER: page.url })
  try {
    const { admin, good: client } = KEYS
    const tab = await startFieldTab(server.url, { folder, admin, client })
    const goDown = () => tab.goDown().finally(page.close)
    return { engine: { ...tab, goDown }, server }
  } catch (error) {
    await server.kill()
    page.close()
    throw error
  }
}

export async function endScene(
  { place, server, engine }: Scene,
  hasPassed: boolean,
): Promise<void> {
  await server.kill()
  await engine.goDown()
  removePlace(place, !hasPassed)
}

function keyEntries(): string {
  const hash = (key: string) => `sha256:${createHash('sha256').update(key).digest('hex')}`
  return JSON.stringify([
    { name: 'good', hash: hash(KEYS.good) },
    { name: 'limited', hash: hash(KEYS.limited), requestsPerMinute: 20 },
    { name: 'admin', hash: hash(KEYS.admin), admin: true },
  ])
}

/** The values of a user who asks for `order`. */
export function valuesFor({ server }: Scene, order: string, more: Partial<Values> = {}): Values {
  return {
    url: server.url,
    key: KEYS.good,
    model: MODEL,
    prompt: `FIELD_${order.toUpperCase()} Say hello.`,
    second: 'FIELD_AGAIN And again?',
    ...more,
  }
}

/** Writes the page's files, and runs its set-up. Throws where that fails. */
export async function setUp(scene: Scene, values: Values): Promise<void> {
  writeFiles(scene.blocks, scene.place, values)
  const lines = linesOf(scene.blocks, 'setup', values)
  if (lines === '') return
  const { code, output } = await start(scene, 'setup', values, 60).ended
  if (code !== 0) throw new Error(`its set-up ended with ${code}: ${output.slice(-300)}`)
}

/** Runs a page's lines of one kind, with the page's variables. */
export function start(scene: Scene, kind: Kind, values: Values, seconds: number): Program {
  const { blocks, place } = scene
  const lines = (['quiet', 'env', kind] as Kind[]).map((each) => linesOf(blocks, each, values))
  return startLines(lines.join(''), { cwd: place.project, env: place.env, ms: seconds * 1000 })
}

/** What sluice refused since a moment, each in a line. */
export function refusals(entries: LogEntry[]): string[] {
  const lines = entries
    .filter(({ status, path }) => status >= 400 && /^\/(v1|api)\//.test(path))
    .map(({ method, path, status, message, code }) => {
      return `sluice answered ${method} ${path} with ${status}${message ? `: ${message}` : code ? ` (${code})` : ''}`
    })
  return [...new Set(lines)]
}
