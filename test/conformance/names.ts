import { expect, it } from 'vitest'
import { type Relay, sentFor, tag, useRelay } from '../support/relay.ts'
import type { Scripted } from '../support/script.ts'
import type { HostName } from '../support/server.ts'

const script: Scripted = { persona: 'vllm', words: ['Hi.'] }

/** The names of fields within requests: V8 mixes them up (bench/upstream-reports/node-json-key). */
export function names(host: HostName): void {
  const relay = useRelay(host)

  it.each([
    ['\\\\', '\\n', '\\n'],
    ['\\\\u', '\\u540d\\u524d', '名前'],
    ['\\\\u006', '\\u006dodel', 'model'],
  ])('of one client are not written for those of another: "%s" before "%s"', async (...all) => {
    const [before, name, meant] = all
    const first = `before ${meant}`
    expect(await sent(relay, [first, before])).toContain(`"${before}":{}`)
    expect(await sent(relay, [first, name])).toContain(`"${meant}":{}`)
  })
}

/** What the upstream gets of a tool whose parameters have these names, as they are written in JSON. */
async function sent(relay: Relay, written: string[]): Promise<string> {
  const properties = Object.fromEntries(written.map((_, at) => [`name ${at}`, {}]))
  const tool = { name: 'f', parameters: { type: 'object', properties } }
  const body = tag({
    model: 'odd',
    messages: [{ role: 'user', content: 'Go.' }],
    tools: [{ type: 'function', function: tool }],
    script,
  })
  let json = JSON.stringify(body)
  for (const [at, name] of written.entries()) {
    json = json.replace(`"name ${at}"`, () => `"${name}"`)
  }
  const headers = { 'content-type': 'application/json' }
  const url = `${relay.server.base}/chat/completions`
  const response = await fetch(url, { method: 'POST', headers, body: json })
  expect(response.status, await response.text()).toBe(200)
  return sentFor(relay, body)[0]?.bytes.toString() ?? ''
}
