import { spawn } from 'node:child_process'
import { expect, it } from 'vitest'
import { useRelay } from '../support/relay.ts'
import type { HostName, Server } from '../support/server.ts'
import { messages, model } from './sdk/chat-basics.ts'
import { STAGES } from './sdk/stages.ts'

/** What a person sees who types `curl -N`. */
export function curl(host: HostName): void {
  const server = useRelay(host, { ...STAGES.clients }).server

  it.each(['static', model])('prints a stream from %s as it comes', async (name) => {
    const body = { model: name, stream: true, messages, script: { persona: 'vllm', delay: 30 } }
    const { arrivals, output, code } = await runCurl(server, body)
    expect(code).toBe(0)
    expect(output.startsWith('data: {')).toBe(true)
    expect(output.endsWith('data: [DONE]\n\n')).toBe(true)
    const [first, last] = [arrivals.at(0) ?? 0, arrivals.at(-1) ?? 0]
    expect(arrivals.length).toBeGreaterThan(4)
    expect(last - first).toBeGreaterThan(150)
  })

  it('prints an error that can be read', async () => {
    const { output, code } = await runCurl(server, { model: 'static', stream: true })
    expect(code).toBe(0)
    expect(JSON.parse(output)).toMatchObject({ error: { param: 'messages' } })
  })

  it('takes a large body, for which curl asks leave first', async () => {
    const content = 'x'.repeat(2_000_000)
    const body = { model: 'static', stream: true, messages: [{ role: 'user', content }] }
    const { output } = await runCurl(server, body, '@-')
    expect(output.endsWith('data: [DONE]\n\n')).toBe(true)
  })
}

/** Runs `curl -N` to its end; `data` is the body itself, or `@-` to send it by stdin. */
async function runCurl(server: Server, body: object, data = JSON.stringify(body)) {
  const url = `${server.base}/chat/completions`
  const args = ['-sSN', '--max-time', '15', url, '-H', 'content-type: application/json', '-d', data]
  const child = spawn('curl', args)
  const arrivals: number[] = []
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    arrivals.push(performance.now())
    output += part
  })
  child.stdin.end(JSON.stringify(body))
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  return { arrivals, output, code }
}
