import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findProgram } from '../../../bench/peers/install.ts'
import { runToEnd, useServer } from '../../support/server.ts'
import { closedPort } from '../../support/upstream.ts'

const nginx = findProgram('nginx')

/** As it is installed, nginx asks by HTTP/1.0 and keeps an answer until it is whole. */
function configOf(folder: string, port: number, server: number): string {
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return `daemon off;
worker_processes 1;
pid ${folder}/pid;
error_log ${folder}/error.log;
events {}
http {
  access_log off;
  ${temp.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n  ')}
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://127.0.0.1:${server};
      proxy_ignore_headers X-Accel-Buffering;
    }
  }
}
`
}

describe.skipIf(nginx === undefined)('nginx that buffers', () => {
  const server = useServer('node', ['--static-delay', '60ms'])
  const folder = mkdtempSync(join(tmpdir(), 'sluice-nginx-'))
  let proxy: ReturnType<typeof spawn> | undefined
  let port = 0

  beforeAll(async () => {
    port = await closedPort()
    const file = join(folder, 'nginx.conf')
    writeFileSync(file, configOf(folder, port, server.port))
    proxy = spawn(nginx ?? '', ['-c', file], { stdio: 'ignore' })
    for (let tries = 0; tries < 100 && !(await answers(port)); tries++) await sleep(50)
  })
  afterAll(async () => {
    const ended = new Promise((resolve) => proxy?.once('exit', resolve))
    proxy?.kill('SIGTERM')
    await ended
    rmSync(folder, { recursive: true, force: true })
  })

  it('is named, and what it breaks', async () => {
    const via = `http://127.0.0.1:${port}/v1`
    const args = ['check', server.base, '--via', via, '--model', 'static']
    const { code, stdout } = await runToEnd('node', args, {}, 60_000)
    expect(stdout).toMatch(
      new RegExp(`Hops\n  all-at-once is broken by the hop at ${via}/chat/completions\n$`),
    )
    expect(stdout).toMatch(/seen {5}\d+ events at once, after \d+ ms without any/)
    expect(code).toBe(1)
  }, 70_000)
})

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
