// A sluice on Node with two engines that work and one that is gone, and requests that end in every way.

import { setTimeout as sleep } from 'node:timers/promises'
import { bearer, entry } from '../conformance/keys-entries.ts'
import { named } from '../support/pool.ts'
import { RawTab } from '../support/raw-tab.ts'
import { postChat, readStream } from '../support/read.ts'
import { startRedis } from '../support/redis.ts'
import { type Server, startServer } from '../support/server.ts'
import { pace, talk, token } from '../support/talk.ts'
import { closedPort, startUpstream } from '../support/upstream.ts'

export interface Mixed extends AsyncDisposable {
  server: Server
  /** One that shares nothing, and answers nothing. */
  alone: Server
  /** Sends requests of every kind, and waits until each has ended. */
  send(): Promise<void>
}

const LAST = {
  ...{ id: 'chatcmpl-t', object: 'chat.completion.chunk', created: 1_790_000_000, model: 'm' },
  choices: [{ index: 0, delta: {}, finish_reason: 'stop' }],
}

const root = bearer('root-key')

export async function startMixed(): Promise<Mixed> {
  // The same model is at both: where the first fails, the second is asked.
  const gpu = await startUpstream({
    models: named('m', 'shared'),
    script: ({ model }) =>
      model === 'shared' ? { status: 500, steps: [] } : { persona: 'openai' },
  })
  const backup = await startUpstream({ models: named('shared'), script: { persona: 'openai' } })
  const redis = await startRedis()
  const gone = `http://127.0.0.1:${await closedPort()}`
  const server = await startServer(
    'node',
    [
      ...['--upstream', `gpu=${gpu.url}`, '--upstream', `backup=${backup.url}`],
      ...['--upstream', `gone=${gone}/v1`, '--max-concurrency', '8', '--heartbeat', '200ms'],
      ...['--affinity', 'off', '--otlp-endpoint', gone, '--traces-delay', '100ms'],
    ],
    {
      SLUICE_STATE: redis.url,
      SLUICE_KEYS: JSON.stringify([
        entry('root', 'root-key', { admin: true }),
        entry('slow', 'slow-key', { requestsPerMinute: 1 }),
        entry('tab', 'tab-key', { offers: true }),
        entry('prom', 'prom-key', { metrics: true }),
      ]),
    },
  )
  const alone = await startServer('node', [], {
    SLUICE_KEYS: JSON.stringify([entry('prom', 'prom-key', { metrics: true })]),
  })
  await (await fetch(`${server.base}/models`, root)).text()
  const read = async (body: object, key = root) => {
    await readStream(await postChat(server.base, { model: 'm', ...body }, key))
  }
  const leave = async () => {
    const leaving = new AbortController()
    const headers = { ...root.headers, 'content-type': 'application/json' }
    const messages = [{ role: 'user', content: 'Hi' }]
    const body = JSON.stringify({ model: 'm', stream: true, messages, script: pace(200, 20) })
    const asked = { method: 'POST', headers, body, signal: leaving.signal }
    const response = await fetch(`${server.base}/chat/completions`, asked)
    await response.body?.getReader().read()
    leaving.abort()
  }
  const resume = async () => {
    const headers = { ...root.headers, 'x-sluice-resume': '1' }
    const response = await postChat(server.base, { model: 'm' }, { headers })
    await response.text()
    const address = new URL(response.headers.get('x-sluice-resume') ?? '', server.url)
    await (await fetch(address, root)).text()
  }
  const share = async () => {
    const tab = await RawTab.join({ url: server.url, key: 'tab-key' })
    await tab.leave()
  }
  return {
    server,
    alone,
    async send() {
      // While the first engine has nothing else to do, so that it is asked first.
      await read({ model: 'shared' })
      await Promise.all([
        read({}),
        read({ stream: false }),
        read({ model: 'nobody-has-it' }),
        read({ messages: 7 }),
        read({ script: { steps: [{ send: token() }, { cut: true }] } }),
        // Its [DONE] is missing.
        read({ script: { steps: [{ send: token() }, { chunk: LAST }] } }),
        read({ script: talk('a', { wait: 700 }, 'b') }),
        read({ script: talk('a', { wait: 5_200 }, 'b') }),
        read({}, bearer('slow-key')),
        read({}, bearer('slow-key')),
        leave(),
        resume(),
        share(),
      ])
      // What happens at a client's leaving is counted after that.
      await sleep(300)
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([server.kill(), alone.kill()])
      await Promise.all([gpu.close(), backup.close(), redis.stop()])
    },
  }
}
