import { createConnection } from 'node:net'
import { expect, it } from 'vitest'
import { needs } from '../support/hosts.ts'
import { rawRequest } from '../support/read.ts'
import { expectError } from '../support/refusal.ts'
import { type HostName, type Server, useServer } from '../support/server.ts'
import { type Body, path, valid } from './requests-body.ts'

export function sizes(host: HostName): void {
  const small = useServer(host, ['--static-delay', '0', '--max-body', '10kB'])
  const large = useServer(host, ['--static-delay', '0'])
  const post = (server: Server, body: Body) =>
    fetch(`${server.base}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      ...(body instanceof ReadableStream && { duplex: 'half' }),
    } as RequestInit)

  it(
    'refuses too large a body by the length it announces, before it comes',
    needs(host, 'sockets'),
    async () => {
      const response = await rawRequest({
        port: small.port,
        method: 'POST',
        path,
        headers: { 'content-type': 'application/json', 'content-length': '10001' },
      })
      await response.waitFor(/"code":\s*"request_too_large"/)
      expect(response.status()).toBe(413)
      expect(response.text()).toContain('10000 bytes')
      response.hangUp()
    },
  )

  it(
    'refuses too large a body that announces no length, while it still comes',
    needs(host, 'sockets'),
    async () => {
      const socket = createConnection({ port: small.port, host: '127.0.0.1' })
      let answer = ''
      socket.setEncoding('utf8').on('data', (part: string) => {
        answer += part
      })
      socket.on('error', () => {})
      const head = ['content-type: application/json', 'transfer-encoding: chunked']
      socket.write(`POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n${head.join('\r\n')}\r\n\r\n`)
      const part = `400\r\n${' '.repeat(1024)}\r\n`
      // It would go on for 20 s and 4 MB.
      for (let sent = 0; sent < 4_000 && answer === '' && !socket.closed; sent++) {
        socket.write(part)
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      expect(answer).toMatch(/^HTTP\/1\.1 413/)
      socket.destroy()
    },
  )

  it('takes a body that announces no length', async () => {
    const body = new Blob([valid]).stream()
    expect((await post(small, body)).status).toBe(200)
  })

  it('counts bytes, not letters', async () => {
    const sized = (letter: string, count: number) =>
      JSON.stringify({
        model: 'static',
        messages: [{ role: 'user', content: letter.repeat(count) }],
      })
    expect((await post(small, sized('x', 9_000))).status).toBe(200)
    const error = await expectError(await post(small, sized('水', 4_000)), 413)
    expect(error).toMatchObject({ type: 'invalid_request_error', code: 'request_too_large' })
    expect(error.message).toContain('--max-body')
  })

  it('serves on after a refusal', async () => {
    await expectError(await post(small, ' '.repeat(50_000)), 413)
    expect((await post(small, valid)).status).toBe(200)
  })

  it('takes 19 MB, an image among it', async () => {
    const url = `data:image/png;base64,${'A'.repeat(19_000_000)}`
    const content = [
      { type: 'text', text: 'What is this?' },
      { type: 'image_url', image_url: { url } },
    ]
    const body = JSON.stringify({ model: 'static', messages: [{ role: 'user', content }] })
    expect((await post(large, body)).status).toBe(200)
  })

  it('refuses more than 20 MB', needs(host, 'sockets'), async () => {
    const response = await rawRequest({
      port: large.port,
      method: 'POST',
      path,
      headers: { 'content-type': 'application/json', 'content-length': '20000001' },
    })
    await response.waitFor('20000000 bytes')
    expect(response.status()).toBe(413)
    response.hangUp()
  })
}
