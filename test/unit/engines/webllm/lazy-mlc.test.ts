import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from '../../../../scripts/hosts.mjs'
import { webllmModels } from '../../../../scripts/webllm-models.mjs'
import { lazyMlc } from '../../../../src/engines/webllm/lazy-mlc.ts'
import type { Mlc } from '../../../../src/engines/webllm/webllm.ts'
import { createStandIn, record } from '../../../support/mlc.ts'

/** One that counts how often it is made; `fails` times it cannot be. */
function counted(fails = 0): { mlc: Mlc; made: () => number; reports: string[] } {
  let made = 0
  const mlc = lazyMlc(async () => {
    made++
    if (made <= fails) throw new Error('the file is not there')
    return createStandIn().mlc
  })
  const reports: string[] = []
  mlc.setInitProgressCallback(({ text }) => reports.push(text))
  mlc.setAppConfig({ model_list: [record] })
  return { mlc, made: () => made, reports }
}

describe('an engine that is made when it is first needed', () => {
  it('is not made to set it up, nor to free what was never loaded', async () => {
    const { mlc, made } = counted()
    await mlc.unload()
    expect(made()).toBe(0)
  })

  it('is made once, knows what it was set up with, and tells that it is loaded', async () => {
    const { mlc, made, reports } = counted()
    await Promise.all([mlc.reload(record.model_id), mlc.unload()])
    await mlc.reload(record.model_id)
    const answer = await mlc.chatCompletion({
      model: record.model_id,
      messages: [{ role: 'user', content: 'Hello' }],
      stream: true,
      stream_options: { include_usage: true },
    })
    let chunks = 0
    for await (const _ of answer) chunks++
    expect(chunks).toBeGreaterThan(2)
    expect(made()).toBe(1)
    expect(reports[0]).toBe('Loading web-llm')
    expect(reports.length).toBeGreaterThan(1)
  })

  it('is made by the next call where it could not be', async () => {
    const { mlc, made } = counted(1)
    await expect(mlc.reload(record.model_id)).rejects.toThrow('not there')
    await mlc.unload()
    await mlc.reload(record.model_id)
    expect(made()).toBe(2)
  })
})

it('lists the models as the installed web-llm does', async () => {
  const file = readFileSync(join(root, 'worker/webllm-models.json'), 'utf8')
  expect(file, 'run: node scripts/webllm-models.mjs').toBe(await webllmModels())
})
