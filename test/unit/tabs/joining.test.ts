import { afterEach, describe, expect, it, vi } from 'vitest'
import { answering } from '../../support/raw-tab.ts'
import { create, type Said, url } from '../../support/tab-scene.ts'

const errorOf = async (response: Response): Promise<Said> => ((await response.json()) as Said).error

afterEach(() => {
  vi.restoreAllMocks()
})

/** From now on it is so many milliseconds later. */
function later(ms: number): void {
  const now = performance.now.bind(performance)
  vi.spyOn(performance, 'now').mockImplementation(() => now() + ms)
}

describe('who joins', () => {
  it('by another name of this machine is refused', async () => {
    const { send } = create()
    const response = await send('http://evil.example/v1/tabs', {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer phone' },
      body: '{}',
    })
    expect((await errorOf(response)).code).toBe('host_not_allowed')
  })

  it('and dies before it says anything is gone at once, since it may not know that it had joined', async () => {
    const { join, get } = create()
    const [silent, heard] = [await join(), await join()]
    await heard.tell([])
    silent.die()
    heard.die()
    await expect.poll(async () => (await get('/v1/tabs', 'root')).data.length).toBe(1)
    expect((await get('/v1/tabs', 'root')).data[0].id).toBe(heard.id)
  })

  it('may come back for 8 seconds after its connection broke, however long it was silent before', async () => {
    const { join, ask, get } = create()
    const tab = await join()
    await tab.tell([])
    const answering = ask()
    await expect.poll(() => tab.events.at(-1)?.kind).toBe('ask')
    later(7_000)
    tab.die()
    const away = async () => (await get('/v1/tabs', 'root')).data.length
    await new Promise((resolve) => setTimeout(resolve, 50))
    vi.restoreAllMocks()
    later(11_000)
    await new Promise((resolve) => setTimeout(resolve, 1_200))
    expect(await away()).toBe(1)
    vi.restoreAllMocks()
    later(17_000)
    await expect.poll(away, { timeout: 3_000 }).toBe(0)
    await (await answering).text()
  })

  it('and had left while its message was read is not there', async () => {
    const { send, get } = create()
    const control = new AbortController()
    const joining = send(`${url}/v1/tabs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer phone' },
      body: JSON.stringify({ v: 1, models: [], visible: true, paused: false }),
      signal: control.signal,
    })
    control.abort()
    await joining.catch(() => {})
    expect((await get('/v1/tabs', 'root')).data).toEqual([])
  })
})

describe('a tab answers', () => {
  it('its owner alone, unless it is shared, and no key that bars tabs', async () => {
    const { join, get, ask } = create()
    const models = async (key: string) =>
      (await get('/v1/models', key)).data
        .map(({ id }: Said) => id)
        .filter((id: string) => id !== 'static')
    await join({ models: [{ id: 'own', state: 'loaded' }], onEvent: answering(['own']) })
    await join({
      key: 'other',
      models: [{ id: 'all', state: 'loaded' }],
      onEvent: answering(['all']),
    })
    expect(await models('ann')).toEqual(['own', 'all'])
    expect(await models('bob')).toEqual(['all'])
    expect(await models('root')).toEqual(['all'])
    expect(await models('shy')).toEqual([])
    expect((await ask({ model: 'own' })).status).toBe(200)
    expect((await ask({ model: 'own' }, 'bob')).status).toBe(404)
    expect((await ask({ model: 'all' }, 'bob')).status).toBe(200)
    expect((await ask({ model: 'all' }, 'shy')).status).toBe(404)
    expect((await get('/v1/models/own', 'bob')).error.code).toBe('model_not_found')
    expect((await get('/api/tags', 'bob')).models.map(({ name }: Said) => name)).not.toContain(
      'own',
    )
  })

  it('and is counted as an engine', async () => {
    const { join, ask, send } = create()
    await join({ onEvent: answering(['a']) })
    await (await ask()).text()
    const headers = { authorization: 'Bearer root' }
    const text = await (await send(`${url}/metrics`, { headers })).text()
    expect(text).toContain('sluice_engine_up{engine="tab/phone"} 1')
    expect(text).toMatch(/sluice_attempts_total\{[^}]*engine="tab\/phone"[^}]*\} 1/)
  })

  it('and is counted: what it does, that it came, came back and went', async () => {
    const { join, get, send } = create()
    const metrics = async () => {
      const headers = { authorization: 'Bearer root' }
      const text = await (await send(`${url}/metrics`, { headers })).text()
      return text.split('\n').filter((line) => /^sluice_tabs.* [1-9]/.test(line))
    }
    expect(await metrics()).toEqual([])
    const tab = await join()
    await tab.tell([])
    tab.die()
    await expect.poll(metrics).toContain('sluice_tabs{state="away"} 1')
    const back = await join({ hello: { resume: { tab: tab.id, seq: tab.seq } } })
    await join({ hello: { paused: true } })
    expect(await metrics()).toEqual([
      'sluice_tabs_joined_total 2',
      'sluice_tabs_resumed_total 1',
      'sluice_tabs{state="free"} 1',
      'sluice_tabs{state="paused"} 1',
    ])
    await join({ hello: { replaces: back.id } })
    const [first] = (await get('/v1/tabs', 'root')).data
    await send(`${url}/v1/tabs/${first.id}`, {
      method: 'DELETE',
      headers: { authorization: 'Bearer root' },
    })
    expect(await metrics()).toEqual([
      'sluice_tabs_joined_total 3',
      'sluice_tabs_resumed_total 1',
      'sluice_tabs_left_total{reason="replaced"} 1',
      'sluice_tabs_left_total{reason="dismissed"} 1',
      'sluice_tabs{state="free"} 1',
    ])
  })

  it('without a line in the log for each token', async () => {
    const { join, ask, log } = create()
    await join({ onEvent: answering(Array(50).fill('a ')) })
    await (await ask({ stream: true })).text()
    expect(log.filter(({ path }) => path.startsWith('/v1/tabs/'))).toEqual([])
  })
})
