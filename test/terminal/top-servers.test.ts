import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { hashKey } from '../../src/guard/keys.ts'
import { runToEnd, startServer } from '../support/server.ts'
import { openTerminal, startIn } from '../support/terminal.ts'
import { closedPort } from '../support/upstream.ts'
import { topHosts } from './open-chat.ts'
import { ask, TITLES } from './open-top.ts'

const time = 1_800_000_000_000
const hostile = '\u001b[2J\u001b]0;owned\u0007\u009b31m\u202eflip\r\n\u001b[1;1Hmoved'

/** A server that is no sluice, with these answers by path; 404 elsewhere. */
async function standIn(
  answers: Record<string, string>,
): Promise<AsyncDisposable & { url: string }> {
  const server = createServer((request, response) => {
    const body = answers[request.url ?? '']
    const isStream = body?.startsWith('event:') === true
    const type = isStream ? 'text/event-stream' : 'application/json'
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': type })
    response.write(body ?? '{}')
    if (!isStream) response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

describe.each(topHosts)('servers of sluice top, on %s', (host) => {
  it('goes on when the server was restarted, and says so', async () => {
    const first = await startServer(host, ['--static-delay', '1ms'])
    const { port, base, url } = first
    await using terminal = await openTerminal({ columns: 120 })
    startIn(terminal, host, ['top', url])
    await terminal.until(TITLES)
    await ask(base, { model: 'static' }, 'before/1')
    await terminal.until(/finished .*before\/1/)
    await first.kill()
    await terminal.until(/^sluice top {2}\S+ {2}CONNECTION LOST, trying again · 0 running/m)
    expect(terminal.screen()).toMatch(/finished .*before\/1/)
    await using _second = await startServer(host, ['--static-delay', '1ms', '--port', `${port}`])
    const screen = await terminal.until(/^Connected again; the server was restarted\.$/m, 20_000)
    expect(screen).not.toMatch(/CONNECTION LOST|before\/1/)
    await ask(base, { model: 'static' }, 'after/1')
    await terminal.until(/finished .*after\/1/)
  })

  it('what a server sends can do nothing to the terminal', async () => {
    const id = `r-${hostile}`
    const requests = [
      { id, arrived: time, state: 'streaming', model: hostile, client: hostile, tokens: 1 },
      {
        id: 'other',
        arrived: time,
        state: hostile,
        engine: hostile,
        key: 'モデル',
        progress: hostile,
      },
    ]
    const engines = [
      { label: hostile, state: hostile, breaker: hostile, models: [], error: hostile },
    ]
    const list = {
      object: 'activity',
      time,
      isAdmin: true,
      instance: 'x',
      keys: [],
      requests,
      engines,
    }
    const event = (name: string, data: object) =>
      `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`
    const said = { choices: [{ delta: { content: `said ${hostile}` } }] }
    await using server = await standIn({
      '/v1/activity': event('snapshot', list),
      [`/v1/activity/${encodeURIComponent(id)}`]:
        event('activity', { ...requests[0], message: hostile, failures: [hostile] }) +
        event('sent', { at: 1, text: `data: ${JSON.stringify(said)}\n\n${hostile}\n` }),
    })
    await using terminal = await openTerminal({ columns: 160 })
    startIn(terminal, host, ['top', server.url])
    const seen = await terminal.until(/^[> ] streaming \\u001b\[2J\\u001b/m)
    expect(seen).toMatch(/^sluice top[\s\S]*STATE[\s\S]*モデル/m)
    terminal.press('Enter')
    await terminal.until(/^said \\u001b\[2J\\u001b\]0;owned\\u0007\\u009b31m\\u202eflip/m)
    terminal.press('w')
    await terminal.until(/^→ client \+1ms$/m)
    expect(terminal.screen()).toMatch(/^request r-\\u001b\[2J/m)
    terminal.press('Escape')
    await terminal.until(TITLES)
    terminal.press('e')
    await terminal.until(/^ENGINES\n {2}\\u001b\[2J/m)
    terminal.press('q')
    await terminal.until(/^ended 0$/m)
  })

  it('says what is wrong, and what to do, without the screen of a terminal', async () => {
    await using terminal = await openTerminal({ columns: 200 })
    startIn(terminal, host, ['top', `127.0.0.1:${await closedPort()}`])
    await terminal.until(/^sluice: \S+: expected a server, got none .*check the URL.*\nended 1$/m)
  })

  it('refuses without a key, with a wrong one, and where the feed is off', async () => {
    const keys = JSON.stringify([
      { name: 'boss', hash: await hashKey('secret-of-the-boss'), admin: true },
      { name: 'guest', hash: await hashKey('secret-of-a-guest') },
    ])
    await using server = await startServer(host, [], { SLUICE_KEYS: keys })
    const top = (key?: string) =>
      runToEnd(
        host,
        ['top', server.url, '--once'],
        key === undefined ? {} : { SLUICE_CLIENT_KEY: key },
      )
    const none = await top()
    expect(none).toMatchObject({ code: 1, stdout: '' })
    expect(none.stderr).toMatch(
      /^sluice: \S+: expected a key, and none was sent; set SLUICE_CLIENT_KEY/,
    )
    const wrong = await top('wrong-and-long-enough')
    expect(wrong.stderr).toMatch(
      /^sluice: \S+: the key was refused \(.*Set SLUICE_CLIENT_KEY to a key/,
    )
    expect(wrong.stderr).not.toContain('wrong-and-long-enough')
    expect(await top('secret-of-the-boss')).toMatchObject({ code: 0, stderr: '' })
    expect((await top('secret-of-a-guest')).stdout).toMatch(
      /^sluice top .* · your own requests\n\n/,
    )
    await using off = await startServer(host, ['--activity', '0'])
    const { code, stderr } = await runToEnd(host, ['top', off.url])
    expect(code).toBe(1)
    expect(stderr).toMatch(/^sluice: \S+: activity: expected .*setting activity is 0/)
  })

  it('tells an older sluice from a server that is none', async () => {
    await using older = await standIn({ '/health': '{"status":"ok","version":"0.1.0"}' })
    const first = await runToEnd(host, ['top', older.url])
    expect(first.stderr).toMatch(/expected a sluice that has \/v1\/activity, got version 0\.1\.0/)
    await using other = await standIn({ '/v1/activity': '{"data":[]}' })
    const second = await runToEnd(host, ['top', other.url])
    expect(second.stderr).toMatch(/expected the activity of a sluice, got another answer; check/)
    await using none = await standIn({})
    const third = await runToEnd(host, ['top', none.url])
    expect(third.stderr).toMatch(/expected a sluice, got another server \(status 404/)
    expect([first.code, second.code, third.code]).toEqual([1, 1, 1])
  })

  it('prints the table and the events for scripts', async () => {
    await using server = await startServer(host, ['--static-delay', '1ms'])
    await ask(server.base, { model: 'static' }, 'script/1')
    const once = await runToEnd(host, ['top', server.url, '--filter', 'script'])
    expect(once).toMatchObject({ code: 0, stderr: '' })
    expect(once.stdout).toMatch(
      /^sluice top .*\nstatic up 0\n\n {2}STATE[^\n]*\n {2}finished +static .*\n$/,
    )
    expect(once.stdout).not.toContain('\u001b')
    const json = await runToEnd(host, ['top', server.url, '--once', '--json'])
    const [line = '', ...others] = json.stdout.split('\n')
    expect(JSON.parse(line)).toMatchObject({
      event: 'snapshot',
      requests: [{ client: 'script/1' }],
    })
    expect(others).toEqual([''])
    const args = ['top', server.url, '--json']
    const live = await runToEnd(host, args, {}, 15_000, async (running) => {
      while (!running.stdout().includes('"snapshot"')) await new Promise((r) => setTimeout(r, 50))
      await ask(server.base, { model: 'static' }, 'second/1')
      while (!running.stdout().includes('second/1')) await new Promise((r) => setTimeout(r, 50))
      void running.stop()
    })
    const events = live.stdout
      .trim()
      .split('\n')
      .map((each) => JSON.parse(each).event)
    expect(events.slice(0, 2)).toEqual(['snapshot', 'changes'])
    expect(live.code).toBe(0)
  })
})
