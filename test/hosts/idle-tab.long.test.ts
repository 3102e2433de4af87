// A tab that nobody asks stays connected on every host, longer than their idle timeouts, and through a reload.

import { rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { startServer } from '../support/server.ts'
import { tabModel as model, openTab } from '../support/tab.ts'

const SECONDS = Number(process.env.SLUICE_TEST_IDLE_SECONDS ?? 100)

it.concurrent.each(['bun', 'deno', 'node', 'workerd'] as const)(
  'stays joined for minutes without a reconnect: %s',
  async (host) => {
    const file = join(tmpdir(), `sluice-idle-tab-${host}-${process.pid}.json`)
    writeFileSync(file, '{}')
    const flags = ['--body-timeout', '10s', '--config', file]
    await using server = await startServer(host, host === 'workerd' ? [...flags, '--tabs'] : flags)
    using tab = await openTab(server.url)
    await sleep((SECONDS / 2) * 1_000)
    writeFileSync(file, '{"staticText": "Another text."}')
    process.kill(server.supervisor, 'SIGHUP')
    await sleep((SECONDS / 2) * 1_000)
    rmSync(file)
    expect(tab.statuses.map(({ kind }) => kind)).toEqual(['joining', 'joined'])
    const ask = (name: string) =>
      fetch(`${server.base}/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: name, messages: [{ role: 'user', content: 'Hi' }] }),
      })
    expect(await (await ask('static')).text()).toContain('Another text.')
    expect((await ask(model)).status).toBe(200)
  },
  (SECONDS + 60) * 1_000,
)
