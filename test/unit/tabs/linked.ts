// A handler, and tabs that answer for it, in one process.

import { onTestFinished } from 'vitest'
import { serveEngine } from '../../../src/engines/remote/serve-engine.ts'
import { Webllm } from '../../../src/engines/webllm/webllm.ts'
import { createHostedHandler } from '../../../src/handler.ts'
import { Link } from '../../../src/tabs/link.ts'
import type { LinkAnswer, LinkOptions, LinkStatus } from '../../../src/tabs/link-options.ts'
import type { TabState } from '../../../src/tabs/protocol.ts'
import { createStandIn, record, type Script } from '../../support/mlc.ts'

const url = 'http://127.0.0.1:8787'
const model = record.model_id

export const STATE: TabState = {
  models: [{ id: model, state: 'loaded' }],
  visible: true,
  paused: false,
}

export function createLinked() {
  const handler = createHostedHandler({ discover: false }, { exposure: 'machine' })
  return {
    /** A tab joins. */
    async addTab(script: Partial<Script> = {}, options: Partial<LinkOptions> = {}) {
      const standIn = createStandIn(script)
      const engine = new Webllm(standIn.mlc, { records: [record] })
      const answers: LinkAnswer[] = []
      const statuses: LinkStatus[] = []
      const joined = Promise.withResolvers<void>()
      const send = (input: string | URL | Request, init?: RequestInit) =>
        handler.fetch(new Request(input, init))
      const link = new Link({
        ...{ url, key: '', state: STATE, fetch: send as typeof fetch },
        serve: (port) => serveEngine(port, engine),
        onStatus(status) {
          statuses.push(status)
          if (status.kind === 'joined') joined.resolve()
        },
        onAnswer: (answer) => answers.push(answer),
        ...options,
      })
      onTestFinished(() => link.leave())
      await joined.promise
      return { link, standIn, answers, statuses }
    },
    ask: (body: object = {}) =>
      handler.fetch(
        new Request(`${url}/v1/chat/completions`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }], ...body }),
        }),
      ),
  }
}
