// The activity view in a real browser, over a server whose feed says what a test lets it say.

import { describe, expect, it } from 'vitest'
import { record } from './support/activity-stand-in.ts'
import { useActivityView } from './support/activity-view.ts'

const view = useActivityView()

/** The machine may be busy. */
const soon = <T>(read: () => T) => expect.poll(read, { timeout: 10_000 })

describe('the connection', () => {
  it('is there while the view is shown, and nothing is asked for twice', async () => {
    await view.open('')
    await view.page.getByRole('link', { name: 'Activity' }).waitFor()
    await view.page.waitForTimeout(300)
    expect(view.stand.asked).toBe(0)
    await view.page.getByRole('link', { name: 'Activity' }).click()
    await view.page.getByText('No requests yet.').waitFor()
    await view.page.waitForTimeout(1_500)
    expect(view.stand.asked).toBe(1)
    expect(view.stand.open).toBe(1)
    await view.page.getByRole('link', { name: 'Chat', exact: true }).click()
    await soon(() => view.stand.open).toBe(0)
  })

  it('comes back after the server was gone, later each time, and keeps what it knew', async () => {
    view.stand.list.requests = [record('a', { model: 'water' })]
    await view.open()
    await view.row('water').waitFor()
    view.stand.refuse = { status: 503, message: 'busy', code: 'overloaded' }
    view.stand.breakAll()
    await view.page.getByText('The server does not answer. Reconnecting…').waitFor()
    expect(await view.row('water').isVisible()).toBe(true)
    await view.page.waitForTimeout(2_500)
    const tries = view.stand.asked
    expect(tries).toBeGreaterThan(1)
    expect(tries).toBeLessThan(6)
    view.stand.refuse = undefined
    view.stand.list.requests = [record('b', { model: 'stone' })]
    await view.row('stone').waitFor({ timeout: 10_000 })
    expect(await view.row('water').count()).toBe(0)
    expect(await view.page.getByText('Reconnecting').count()).toBe(0)
  })

  it('comes back without a word where the server only reads its settings again', async () => {
    view.stand.list.requests = [record('a', { model: 'water' })]
    await view.open()
    await view.row('water').waitFor()
    await view.page.evaluate(() => {
      const own = globalThis as unknown as { lost: boolean }
      new MutationObserver(() => {
        own.lost ||= document.querySelector('.feed-state.lost') !== null
      }).observe(document.body, { childList: true, subtree: true })
    })
    view.stand.list.requests = [record('b', { model: 'stone' })]
    view.stand.endAll()
    await view.row('stone').waitFor({ timeout: 10_000 })
    expect(await view.page.evaluate(() => 'lost' in globalThis)).toBe(true)
    expect(await view.page.evaluate(() => (globalThis as unknown as { lost: boolean }).lost)).toBe(
      false,
    )
  })

  it.each([
    [403, 'admin_required', 'key: expected a key with admin: true, got another one.'],
    [404, 'activity_off', 'activity: the setting activity is 0; set it to 500.'],
  ])('is not tried again after status %i, and says why', async (status, code, message) => {
    view.stand.refuse = { status, code, message }
    await view.open()
    await view.page.getByText(message).waitFor()
    await view.page.waitForTimeout(1_500)
    expect(view.stand.asked).toBe(1)
  })

  it('asks for a key where there is none, and shows nothing', async () => {
    view.stand.list.requests = [record('a', { model: 'water' })]
    view.stand.refuse = { status: 401, code: 'invalid_api_key', message: 'key: expected one.' }
    // The page asks by itself whether it needs a key: it has to be told before the server wants none.
    const told = view.page.waitForResponse(/\/health$/)
    await view.open()
    await (await told).finished()
    const field = view.page.getByLabel('This server requires an API key.')
    await field.waitFor()
    expect(await view.page.textContent('body')).not.toContain('water')
    view.stand.refuse = undefined
    await field.fill('some-key')
    await view.page.getByRole('button', { name: 'Use key' }).click()
    await view.row('water').waitFor()
  })
})

describe('the rows', () => {
  it('change as the feed says, move when they end, and leave when they are not kept', async () => {
    view.stand.list.requests = [record('a', { model: 'water', state: 'queued', place: 3 })]
    await view.open()
    await view.row('water').waitFor()
    expect(await view.mark('water')).toBe('Queued')
    expect(await view.row('water').locator('.state').textContent()).toContain('place 3')
    const change = (fields: Parameters<typeof record>[1]) =>
      view.stand.change({ requests: [record('a', { model: 'water', ...fields })] })
    change({ state: 'loading', progress: 'loading water 40 %' })
    await soon(() => view.mark('water')).toBe('Loading')
    expect(await view.row('water').locator('progress').getAttribute('value')).toBe('0.4')
    change({ state: 'streaming', tokens: 12, rate: 43.2, firstTokenMs: 410, gaps: [20, 30] })
    await soon(() => view.row('water').locator('.tokens').textContent()).toBe('1243/s')
    change({ state: 'blocked', tokens: 13, blockedMs: 900 })
    await view.row('water').getByText('not read for 900 ms').waitFor()
    const ended = { code: 'engine_failed', message: 'water: it failed.', status: 200 }
    change({ state: 'ended', outcome: 'failed', tokens: 13, ...ended })
    const list = view.page.getByRole('region', { name: 'Ended' })
    await list.getByText('water: it failed.').waitFor()
    expect(await view.page.getByRole('region', { name: 'Running' }).locator('li').count()).toBe(0)
    view.stand.change({ requests: [], removed: ['a'] })
    await view.page.getByText('No requests yet.').waitFor()
  })

  it('draw the pauses between tokens', async () => {
    view.stand.list.requests = [
      record('a', { model: 'water', gaps: [20, 30, 6_000], heartbeats: 1 }),
    ]
    await view.open()
    await view.row('water').waitFor()
    const painted = () =>
      view
        .row('water')
        .locator('canvas')
        .evaluate((canvas: HTMLCanvasElement) => {
          const { width, height } = canvas
          const data = canvas.getContext('2d')?.getImageData(0, 0, width, height).data ?? []
          return data.filter((value, index) => index % 4 === 3 && value > 0).length
        })
    await soon(painted).toBeGreaterThan(20)
    const before = await painted()
    view.stand.change({
      requests: [record('a', { model: 'water', gaps: [40, 50], heartbeats: 1 })],
    })
    await soon(painted).toBeGreaterThan(before)
  })

  it('are filtered by text, state, outcome and failures', async () => {
    view.stand.list.requests = [
      record('a', { model: 'water', key: 'ann', state: 'stalled' }),
      record('b', { model: 'stone', key: 'bo' }),
      record('c', { model: 'fire', state: 'ended', outcome: 'failed', code: 'engine_failed' }),
      record('d', { model: 'wind', state: 'ended', outcome: 'finished' }),
    ]
    await view.open()
    const shown = async () => {
      const names = await view.page.locator('a.request[data-id] strong').allTextContents()
      return names.sort().join(' ')
    }
    await view.row('wind').waitFor()
    const text = view.page.getByLabel('Filter requests')
    await text.fill('BO')
    await soon(shown).toBe('stone')
    await text.fill('engine_failed')
    await soon(shown).toBe('fire')
    await text.fill('')
    const which = view.page.getByLabel('State or outcome')
    await which.selectOption('finished')
    await soon(shown).toBe('wind')
    await which.selectOption('')
    await view.page.getByLabel('Failures only').check()
    await soon(shown).toBe('fire water')
    // One that fails while it is looked at.
    view.stand.change({ requests: [record('b', { model: 'stone', state: 'stalled' })] })
    await soon(shown).toBe('fire stone water')
    await text.fill('nothing like it')
    await view.page.getByText('None of the 4 requests matches.').waitFor()
    await view.page.getByRole('button', { name: 'Show all' }).click()
    await soon(shown).toBe('fire stone water wind')
  })

  it('are walked, opened, closed and stopped by keyboard', async () => {
    view.stand.list.requests = [
      record('a', { model: 'water', key: 'ann', arrived: 1 }),
      record('b', { model: 'stone', arrived: 2 }),
      record('c', { model: 'wind', state: 'ended', outcome: 'finished' }),
    ]
    view.stand.own.set('b', [['activity', view.stand.list.requests[1]]])
    await view.open()
    await view.row('water').focus()
    const focused = () => view.page.evaluate(() => document.activeElement?.getAttribute('data-id'))
    await view.page.keyboard.press('ArrowDown')
    expect(await focused()).toBe('b')
    // Tab leads to one of the rows, and from there out of the list.
    expect(await view.page.locator('a.request[tabindex="0"]').getAttribute('data-id')).toBe('b')
    await view.page.keyboard.press('End')
    expect(await focused()).toBe('c')
    await view.page.keyboard.press('s')
    await view.page.keyboard.press('ArrowUp')
    await view.page.keyboard.press('Enter')
    await view.page.getByRole('heading', { name: 'stone' }).waitFor()
    expect(view.page.url()).toMatch(/#activity\/b$/)
    await view.page.keyboard.press('Escape')
    await soon(() => view.page.locator('.detail').count()).toBe(0)
    expect(await focused()).toBe('b')
    await view.page.keyboard.press('Home')
    await view.page.keyboard.press('s')
    await view.page.getByText('Stopped ann\u2019s request to water.').waitFor()
    expect(view.stand.cancelled).toEqual(['a'])
  })

  it('leave out what only asks for lists, unless it is wanted or wrong', async () => {
    const list = { method: 'GET', path: '/v1/models', state: 'ended' } as const
    view.stand.list.requests = [record('a', { ...list, outcome: 'ok' })]
    await view.open()
    await view.page.getByText('No requests yet.').waitFor()
    await view.page.getByLabel('Lists (1)').check()
    await view.row('/v1/models').waitFor()
    await view.page.getByLabel('Lists (1)').uncheck()
    await soon(() => view.row('/v1/models').count()).toBe(0)
    view.stand.change({ requests: [record('b', { ...list, outcome: 'refused', code: 'no' })] })
    await view.row('/v1/models').waitFor()
  })

  it('say in a sentence what they are', async () => {
    view.stand.list.requests = [
      record('a', { model: 'water', key: 'ann', engine: 'gpu', tokens: 7 }),
      record('b', { model: 'stone', state: 'queued', place: 2 }),
    ]
    await view.open()
    await view.page
      .getByRole('link', { name: 'Streaming, water, on gpu, key ann, 7 tokens' })
      .waitFor()
    await view.page.getByRole('link', { name: 'Queued, place 2, stone' }).waitFor()
  })
})
