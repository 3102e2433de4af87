// Unmodified SDKs whose connections are lost, and which find another instance each time.
import { setTimeout as sleep } from 'node:timers/promises'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CuttingProxy, startCuttingProxy } from '../support/cutting-proxy.ts'
import { type RedisProcess, startRedis } from '../support/redis.ts'
import { READERS } from '../support/resuming-sdks.ts'
import { type Server, startServer } from '../support/server.ts'

const text = Array.from({ length: 40 }, (_, at) => `wörd-${at}`).join(' ')
let redis: RedisProcess
let servers: Server[]
let proxy: CuttingProxy

beforeAll(async () => {
  redis = await startRedis()
  const flags = ['--state', redis.url, '--static-text', text, '--static-delay', '15']
  servers = await Promise.all([startServer('bun', flags), startServer('bun', flags)])
  proxy = await startCuttingProxy(servers[0]?.port ?? 0)
}, 60_000)

afterAll(async () => {
  await proxy?.[Symbol.asyncDispose]()
  await Promise.all((servers ?? []).map((server) => server.kill()))
  await redis?.stop()
})

/** Each connection reaches the other instance than the one before. Kept connections are closed. */
async function alternate(bytes: number): Promise<number[]> {
  proxy.cut()
  await sleep(50)
  const reached: number[] = []
  proxy.lengthOf = () => {
    reached.push(proxy.target)
    proxy.target = servers[reached.length % 2]?.port ?? 0
    return bytes + Math.random() * bytes
  }
  return reached
}

describe('a stream whose connection is lost every few events', () => {
  it.each(Object.keys(READERS))('goes on at another instance: %s', async (api) => {
    const reached = await alternate(1_400)
    expect(await READERS[api]?.(proxy.url, 'static')).toBe(text)
    expect(new Set(reached).size).toBe(2)
  })
})

it('openai-node retrieves the rest of a response from another instance', async () => {
  const [first, second] = servers.map(
    ({ base }) => new OpenAI({ apiKey: 'none', baseURL: base, maxRetries: 0 }),
  )
  const asked = { model: 'static', input: 'Go.', background: true as const, stream: true as const }
  const numbers: number[] = []
  let id = ''
  for await (const event of (await first?.responses.create(asked)) ?? []) {
    if (event.type === 'response.created') id = event.response.id
    numbers.push(event.sequence_number)
    if (numbers.length === 12) break
  }
  const runner = second?.responses.stream({ response_id: id, starting_after: numbers.at(-1) ?? 0 })
  for await (const event of runner ?? []) numbers.push(event.sequence_number)
  expect(numbers).toEqual(numbers.map((_, at) => at))
  expect((await runner?.finalResponse())?.output_text).toBe(text)
})
