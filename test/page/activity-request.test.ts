// One request in the activity view: its answer, its frames, and what can be done with it.

import { describe, expect, it } from 'vitest'
import { chatStream, recordingText } from './support/activity-answers.ts'
import { record } from './support/activity-stand-in.ts'
import { useActivityView } from './support/activity-view.ts'

const view = useActivityView()

describe('an open request', () => {
  it('shows text, reasoning and calls as they are sent, and each frame', async () => {
    view.stand.list.requests = [record('a', { model: 'water' })]
    const sent = chatStream().map((text, index) => ['sent', { at: index, text }] as const)
    view.stand.own.set('a', [
      ['activity', view.stand.list.requests[0]],
      ...sent.map(([e, d]) => [e, d] as [string, unknown]),
    ])
    await view.open('#activity/a')
    const detail = view.page.locator('.detail')
    await detail.locator('strong', { hasText: 'its way' }).waitFor()
    expect(await detail.locator('.reasoning p').textContent()).toBe('Hm, water.')
    expect(await detail.locator('.said .call').textContent()).toBe('look{"at":"sea"}')
    const deltas = await detail.locator('.frames .delta').allTextContents()
    expect(deltas).toEqual(expect.arrayContaining(['Hm, water.', 'Water ', 'stop', '[DONE]']))
    // The rest of each is folded.
    const first = detail.locator('.frames li').nth(2)
    expect(await first.locator('code').isVisible()).toBe(false)
    await first.locator('summary').click()
    expect(await first.locator('code').textContent()).toContain('chat.completion.chunk')
  })

  it('has the rules that its stream breaks, once it has ended', async () => {
    const ended = record('a', { model: 'water', state: 'ended', outcome: 'finished', status: 200 })
    const sent = [...chatStream(), 'data: {"late": true}\n\n']
    view.stand.list.requests = [ended]
    view.stand.own.set('a', [
      ['activity', { ...ended, state: 'prefill' }],
      ...sent.map((text, at): [string, unknown] => ['sent', { at, text }]),
      ['activity', ended],
      ['end', {}],
    ])
    await view.open('#activity/a')
    await view.page.locator('.detail .rules li', { hasText: 'after-done' }).waitFor()
    // It has no headers to be judged by.
    expect(await view.page.locator('.detail .rules li').count()).toBe(1)
  })

  it('of the past shows its capture, and sends, saves, copies and plays it', async () => {
    await view.context.grantPermissions(['clipboard-read', 'clipboard-write'])
    const ended = record('a', {
      model: 'water',
      state: 'ended',
      outcome: 'finished',
      capture: 'c1',
      status: 200,
    })
    view.stand.list.requests = [ended]
    view.stand.own.set('a', [
      ['activity', ended],
      ['end', {}],
    ])
    view.stand.captures.set('c1', recordingText(view.stand.url))
    await view.open('#activity/a')
    const detail = view.page.locator('.detail')
    await detail.locator('strong', { hasText: 'its way' }).waitFor()
    await detail.getByRole('button', { name: 'Copy as curl' }).click()
    await view.page.getByText('Copied as a curl command.', { exact: true }).waitFor()
    const copied = await view.page.evaluate(() => navigator.clipboard.readText())
    expect(copied).toContain(`curl -N ${view.stand.url}/v1/chat/completions`)
    expect(copied).toContain('"content":"It\'\\\'\'s wet."')
    const download = view.page.waitForEvent('download')
    await detail.getByRole('button', { name: 'Save' }).click()
    expect((await download).suggestedFilename()).toBe('sluice-a.jsonl')
    await view.page.getByText('Saved the captured stream.').waitFor()
    await detail.getByRole('button', { name: 'Play' }).click()
    await detail.getByRole('button', { name: 'Show all' }).waitFor()
    await detail.getByRole('button', { name: 'Play' }).waitFor({ timeout: 10_000 })
    await detail.locator('strong', { hasText: 'its way' }).waitFor()
    await detail.getByRole('button', { name: 'Ask in the chat' }).click()
    await view.page.locator('.message.user', { hasText: 'It\u0027s wet.' }).waitFor()
  })

  it('that was not captured says so, and is copied with a placeholder', async () => {
    await view.context.grantPermissions(['clipboard-read', 'clipboard-write'])
    const ended = record('a', { model: "wa'ter", state: 'ended', outcome: 'finished' })
    view.stand.list.requests = [ended]
    view.stand.own.set('a', [
      ['activity', ended],
      ['end', {}],
    ])
    await view.open('#activity/a')
    await view.page.getByText('The text was not stored.').waitFor()
    await view.page.getByRole('button', { name: 'Copy as curl' }).click()
    await view.page.getByText('Its messages are a placeholder').waitFor()
    const copied = await view.page.evaluate(() => navigator.clipboard.readText())
    expect(copied).toContain('"model":"wa\'\\\'\'ter"')
  })

  it('that is not known says so', async () => {
    await view.open('#activity/none')
    await view.page.locator('.detail', { hasText: 'id: not kept.' }).waitFor()
  })
})
