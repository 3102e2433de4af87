import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { runToEnd, startServer, startTool, useServer } from '../support/server.ts'

const run = promisify(execFile)
const page = readFileSync(join(import.meta.dirname, '../../docs/observability.md'), 'utf8')

const json = { 'content-type': 'application/json' }

describe('what docs/observability.md says to type', () => {
  const server = useServer('bun', ['--static-delay', '5ms'])
  const folder = mkdtempSync(join(tmpdir(), 'sluice-observability-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  /** The line of a shell block that holds this, for the server of the tests. */
  function line(holding: RegExp): string {
    const blocks = [...page.matchAll(/^```sh.*?\n(.*?)^```/gms)].map(([, code]) => code ?? '')
    const found = blocks
      .join('')
      .split('\n')
      .find((each) => holding.test(each))
    if (found === undefined) throw new Error(`There is no line with ${holding}.`)
    return found.replaceAll('http://127.0.0.1:8787', server.url)
  }

  async function shell(command: string): Promise<string> {
    return (await run('sh', ['-c', command], { cwd: folder })).stdout
  }

  /** The arguments after \`npm start --\`. */
  function sluice(holding: RegExp, ...more: string[]): string[] {
    const words = line(holding).replace('npm start -- ', '').split(' ')
    return [...words.map((word) => (word.endsWith('.jsonl') ? join(folder, word) : word)), ...more]
  }

  async function failing(): Promise<void> {
    const body = JSON.stringify({ model: 'static', messages: 'none' })
    await fetch(`${server.base}/chat/completions`, { method: 'POST', headers: json, body })
  }

  it('finds one request everywhere by its id', async () => {
    const id = (await shell(line(/x-request-id/))).split(':')[1]?.trim() ?? ''
    expect(id).toMatch(/^[\w-]{20,}$/)
    expect(server.stdout()).toContain(`"id":"${id}"`)
    const activity = JSON.parse(await shell(line(/v1\/activity/)))
    expect(activity.requests).toContainEqual(expect.objectContaining({ id, outcome: 'ok' }))
  })

  it('finds failures in the log', async () => {
    writeFileSync(join(folder, 'sluice.log'), '{"outcome":"ok"}\n{"outcome":"failed"}\n')
    expect(await shell(line(/^grep/))).toBe('{"outcome":"failed"}\n')
    await failing()
    await expect.poll(() => server.stdout()).toMatch(/^\{"time":.*"outcome":"refused"/m)
  })

  it('shows requests by sluice top', async () => {
    await failing()
    const ended = await runToEnd('bun', sluice(/top --once --failures/, server.url))
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(ended.stdout).toMatch(/^ {2}refused /m)
    const all = await runToEnd('bun', [...sluice(/npm start -- top$/), server.url])
    expect(all.stdout).toMatch(/^ {2}STATE +MODEL/m)
  })

  it('reads the metrics', async () => {
    expect(await shell(line(/\/metrics$/))).toMatch(/^sluice_requests_total\{.*outcome="/m)
  })

  it('sends traces', async () => {
    const received = Promise.withResolvers<string>()
    const receiver = createServer((request, response) => {
      received.resolve(`${request.method} ${request.url}`)
      response.end()
    })
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
    const { port } = receiver.address() as AddressInfo
    const [, name = '', value = ''] = /^(\w+)=(\S+) npm start$/.exec(line(/^OTEL/)) ?? []
    const env = { [name]: value.replace('4318', String(port)) }
    await using traced = await startServer('bun', [], env)
    const body = JSON.stringify({ model: 'static', messages: [{ role: 'user', content: 'Hi' }] })
    await fetch(`${traced.base}/chat/completions`, { method: 'POST', headers: json, body })
    expect(await received.promise).toBe('POST /v1/traces')
    receiver.close()
  })

  it('captures a request, replays it and checks it', async () => {
    expect(JSON.parse(await shell(line(/next=1/)))).toMatchObject({ rule: 'next=1' })
    const body = JSON.stringify({
      model: 'static',
      stream: true,
      messages: [{ role: 'user', content: 'Hi' }],
    })
    const asked = await fetch(`${server.base}/chat/completions`, {
      method: 'POST',
      headers: json,
      body,
    })
    const text = await asked.text()
    const { data } = JSON.parse(await shell(line(/v1\/captures$/)))
    const recording = await fetch(`${server.base}/captures/${data[0].id}`)
    writeFileSync(join(folder, 'capture.jsonl'), await recording.text())
    await using replayed = await startTool('bun', [...sluice(/replay/), '--port', '0'])
    const again = await fetch(`${replayed.base}/chat/completions`, {
      method: 'POST',
      headers: json,
      body,
    })
    expect(await again.text()).toBe(text)
    const checked = await runToEnd('bun', sluice(/check capture/))
    expect(checked.code).toBe(0)
  })
})
