// Whose requests go to which browser tab on workerd: by the names that the settings give to models, by owners,
// and by keys that bar tabs. Streams that can be resumed are bound by the same rules.

import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { answering, RawTab } from '../support/raw-tab.ts'
import { type Server, startServer } from '../support/server.ts'
import { type Said, sceneAt, type TabScene } from '../support/tab-scene.ts'
import { pace } from '../support/talk.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'

const hash = (key: string) => `sha256:${createHash('sha256').update(key).digest('hex')}`

const keys = [
  { name: 'root', hash: hash('root'), admin: true },
  { name: 'ann', hash: hash('ann'), requestsPerDay: 1_000 },
  { name: 'shy', hash: hash('shy'), tabs: false },
  // Without an owner: for admins.
  { name: 'phone', hash: hash('phone'), offers: true },
  { name: 'tablet', hash: hash('tablet'), offers: true, owner: 'ann' },
  { name: 'tv', hash: hash('tv'), offers: true, shared: true },
]

const folder = mkdtempSync(join(tmpdir(), 'sluice-tabs-names-'))
let upstream: Upstream
let server: Server
let scene: TabScene

async function start(): Promise<void> {
  const flags = ['--tabs', '--state', 'objects', '--state-folder', folder, '--heartbeat', '300ms']
  const names = ['--alias', 'small=tiny', '--model', 'small', '--upstream', `gpu=${upstream.url}`]
  server = await startServer('workerd', [...flags, ...names], {
    SLUICE_KEYS: JSON.stringify(keys),
  })
  scene = sceneAt(server.url)
}

beforeAll(async () => {
  upstream = await startUpstream({ models: [{ id: 'both' }] as never })
  await start()
}, 60_000)

afterAll(async () => {
  await server?.kill()
  await upstream?.close()
  rmSync(folder, { recursive: true, force: true })
})

const tabs: RawTab[] = []
afterEach(async () => {
  await Promise.all(tabs.splice(0).map((tab) => tab.leave()))
})

/** A tab whose answers are the name of its key. */
async function joined(key: string, model = 'tiny'): Promise<RawTab> {
  const tab = await RawTab.join({
    ...{ url: server.url, key, models: [{ id: model, state: 'loaded' }] },
    onEvent: answering([`from ${key}`]),
  })
  expect(tab.response.status).toBe(200)
  tabs.push(tab)
  return tab
}

/** A text, or the code of the refusal, of an answer at once and of a stream that can be resumed. */
async function answersTo(key: string, model: string | undefined): Promise<string[]> {
  const whole = await scene.ask({ model }, key)
  const said = (await whole.json()) as Said
  const streamed = await begin(key, model)
  if (!streamed.ok) return [textOf(said), textOf(await streamed.json())]
  await streamed.body?.cancel()
  const where = streamed.headers.get('x-sluice-resume') ?? ''
  const text = await (await resumed(where, key)).text()
  expect(text.trimEnd().endsWith('data: [DONE]')).toBe(true)
  const parts = [...text.matchAll(/"content":"([^"]*)"/g)].map(([, part]) => part)
  return [textOf(said), parts.join('')]
}

const textOf = ({ error, choices }: Said): string => error?.code ?? choices[0].message.content

function begin(key: string, model: string | undefined, more: object = {}): Promise<Response> {
  const messages = [{ role: 'user', content: 'Hi' }]
  const headers = { 'x-sluice-resume': '1' }
  const body = { model, messages, stream: true, ...more }
  return scene.post('/v1/chat/completions', body, key, headers)
}

function resumed(where: string, key: string): Promise<Response> {
  return scene.send(server.url + where, { headers: { authorization: `Bearer ${key}` } })
}

async function listed(key: string): Promise<string[]> {
  const { data } = await scene.get('/v1/models', key)
  return data.map(({ id }: Said) => id).sort()
}

const FROM = (key: string) => [`from ${key}`, `from ${key}`]
const UNKNOWN = ['model_not_found', 'model_not_found']

describe.each([
  ['its own name', 'tiny'],
  ['an alias', 'small'],
  ['no name', undefined],
])('a model of a tab that is asked for by %s', (_, model) => {
  it('is answered for admins where the tab has no owner', async () => {
    await joined('phone')
    expect(await answersTo('root', model)).toEqual(FROM('phone'))
    for (const key of ['ann', 'shy']) expect(await answersTo(key, model)).toEqual(UNKNOWN)
  })

  it('is answered for the owner of the tab alone', async () => {
    await joined('tablet')
    expect(await answersTo('ann', model)).toEqual(FROM('tablet'))
    for (const key of ['root', 'shy']) expect(await answersTo(key, model)).toEqual(UNKNOWN)
  })

  it('is answered for all keys where the tab is shared, but for those that bar tabs', async () => {
    await joined('tv')
    for (const key of ['ann', 'root']) expect(await answersTo(key, model)).toEqual(FROM('tv'))
    expect(await answersTo('shy', model)).toEqual(UNKNOWN)
  })
})

it('lists for each key the models that it gets, by all of their names', async () => {
  const others = ['both', 'static']
  await joined('phone')
  expect(await listed('root')).toEqual([...others, 'small', 'tiny'].sort())
  for (const key of ['ann', 'shy']) expect(await listed(key)).toEqual(others)
  await joined('tv')
  expect(await listed('ann')).toEqual([...others, 'small', 'tiny'].sort())
  expect(await listed('shy')).toEqual(others)
})

it('keeps the stream of a key that bars tabs in an object of its own, which outlives theirs', async () => {
  await joined('tv', 'both')
  const response = await begin('shy', 'both', { script: pace(30, 20) })
  expect(response.status).toBe(200)
  const where = response.headers.get('x-sluice-resume') ?? ''
  await response.text()
  await server.kill()
  await start()
  const again = await resumed(where, 'shy')
  expect(again.status).toBe(200)
  // Its last events may not have been stored yet.
  expect(await again.text()).toMatch(/data: \[DONE\]|"instance_lost"/)
}, 60_000)
