import { expect, it } from 'vitest'
import type { RequestMessage } from '../../../src/engines/remote/protocol.ts'
import { serveEngine } from '../../../src/engines/remote/serve-engine.ts'
import { Webllm } from '../../../src/engines/webllm/webllm.ts'
import { createStandIn, record } from '../../support/mlc.ts'
import { createLinked } from './linked.ts'

/** The names of fields in requests: V8 up to 15.0 mixes them up (bench/upstream-reports/node-json-key). */
it('a tab reads the names that one client sends, whatever another one sent before', async () => {
  const { addTab, ask } = createLinked()
  const heard: RequestMessage[] = []
  const engine = new Webllm(createStandIn().mlc, { records: [record] })
  await addTab(
    {},
    {
      serve(port) {
        port.addEventListener('message', ({ data }) => heard.push(data as RequestMessage))
        return serveEngine(port, engine)
      },
    },
  )
  for (const name of ['\\', '\n']) {
    const schema = { type: 'object', properties: { before: {}, [name]: {} } }
    const json_schema = { name: 'x', schema }
    await ask({ response_format: { type: 'json_schema', json_schema } })
  }
  const asked = heard.map((message) => ('request' in message ? JSON.stringify(message) : ''))
  expect(asked.filter((json) => json.includes('"\\\\":{}'))).toHaveLength(1)
  expect(asked.filter((json) => json.includes('"\\n":{}'))).toHaveLength(1)
})
