// What clients, keys and models are called, and what they say, is text in the activity view.

import { expect, it } from 'vitest'
import type { Activity } from '../../src/wire/activity/schema.ts'
import { chatStream } from './support/activity-answers.ts'
import { record } from './support/activity-stand-in.ts'
import { useActivityView } from './support/activity-view.ts'

const view = useActivityView()

const ATTACKS = [
  '<img src=x onerror="window.hit=1">',
  '"><svg onload=window.hit=1>',
  "'-window.hit=1-'</a><script>window.hit=1</script>",
  'javascript:window.hit=1//',
  '<a href="javascript:window.hit=1" autofocus onfocus=window.hit=1>x</a>',
]

/** A record whose every text is an attack. */
function hostile(attack: string, fields: Partial<Activity>): Activity {
  const texts = ['path', 'model', 'engine', 'key', 'client', 'session', 'progress', 'affinity']
  const more = ['method', 'api', 'code', 'message', 'outcome']
  const all = Object.fromEntries([...texts, ...more].map((name) => [name, attack]))
  return record('x', { ...all, repairs: [attack], failures: [attack], ...fields })
}

/** Runs in the page: elements that nothing of the view makes, and scripts that ran. */
function harm(): unknown[] {
  const found = document.querySelectorAll(
    '#app img, #app script, #app iframe, #app svg[onload], #app [onerror], #app [onfocus]',
  )
  const links = [...document.querySelectorAll('#app a')].map((link) => link.getAttribute('href'))
  const active = links.filter((href) => !/^(?:#|openapi\.html$)/.test(href ?? ''))
  return [...[...found].map(({ outerHTML }) => outerHTML), ...active, 'hit' in window].filter(
    Boolean,
  )
}

it.each(ATTACKS)(
  '%s stays text in rows, details and frames',
  async (attack) => {
    const running = hostile(attack, { outcome: undefined, state: 'loading' } as Partial<Activity>)
    const ended = { ...hostile(attack, { state: 'ended' }), id: 'y' }
    view.stand.list.requests = [running, ended]
    const name = JSON.stringify(attack)
    view.stand.own.set('x', [
      ['activity', running],
      ['sent', { at: 1, text: `: ${attack}\n` }],
      ...chatStream([`text ${attack}`]).map((text, at): [string, unknown] => [
        'sent',
        { at, text: text.replace('"look"', name).replace('"Hm, water."', name) },
      ]),
      ['sent', { at: 20, text: `event: ${attack}\ndata: {"type":${name}}\n\n` }],
      ['sent', { at: 21, text: `data: {"error":{"message":${name},"code":${name}}}\n\n` }],
      ['sent', { at: 22, text: `${attack}\n\n` }],
      ['received', { at: 23, text: `${attack}\n\n` }],
    ])
    view.stand.own.set('y', [
      ['activity', ended],
      ['end', {}],
    ])
    await view.open('#activity/x')
    await view.page.locator('.said .words').waitFor()
    await view.page.locator('.frames li').nth(8).waitFor()
    // Every field is there to be read, as it is.
    const facts = await view.page.locator('.facts dd').allTextContents()
    expect(facts.filter((text) => text === attack).length).toBeGreaterThanOrEqual(4)
    const row = view.page.locator('a.request[data-id="x"]')
    expect(await row.locator('.model strong').textContent()).toBe(attack)
    expect(await row.locator('.who').textContent()).toBe(attack + attack)
    expect(await view.page.locator('.call strong').first().textContent()).toBe(attack)
    for (const summary of await view.page.locator('.frames summary').all()) await summary.click()
    await view.page.getByRole('button', { name: 'From the engine' }).click()
    await view.page.locator('a.request[data-id="y"]').click()
    await view.page.locator('.repairs li', { hasText: attack }).waitFor()
    await view.page.getByLabel('Filter requests').fill(attack)
    expect(await view.page.evaluate(harm)).toEqual([])
  },
  60_000,
)
