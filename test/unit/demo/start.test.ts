import { prebuiltAppConfig } from '@mlc-ai/web-llm'
import { expect, it } from 'vitest'
import type { Model } from '../../../demo/api.ts'
import { INSTALLS } from '../../../demo/start/installs.ts'
import { deviceOf, picksOf } from '../../../demo/start/picks.ts'
import { isOnThisMachine } from '../../../demo/start/place.ts'
import { systemOf } from '../../../demo/start/system.ts'
import { toModel } from '../../../src/engines/webllm/models.ts'
import type { ModelRecord } from '../../../src/engines/webllm/webllm.ts'
import { wellKnownPorts } from '../../../src/settings/upstreams.ts'

it.each([
  ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Safari/605.1.15', 'macos'],
  ['Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/150 Safari', 'windows'],
  ['Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/150 Safari', 'linux'],
  ['Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) Mobile/15E148', 'linux'],
])('knows the system of %s', (userAgent, expected) => {
  expect(systemOf(userAgent)).toBe(expected)
})

it.each([
  ['localhost', true],
  ['127.0.0.1', true],
  ['127.1.2.3', true],
  ['[::1]', true],
  ['gpu.localhost', true],
  ['127.0.0.1.example.com', false],
  ['192.168.1.5', false],
  ['gpu.example', false],
])('tells whether %s is this machine: %s', (host, expected) => {
  expect(isOnThisMachine(host)).toBe(expected)
})

it('names the ports at which sluice looks', () => {
  for (const { title, ports } of INSTALLS) {
    const name = title.toLowerCase().replace(' ', '-')
    const known = Object.keys(wellKnownPorts).filter((port) => wellKnownPorts[port] === name)
    expect(ports, title).toEqual(known)
  }
})

const model = (id: string, memory: number, more: Partial<Model> = {}): Model => {
  return { id, owned_by: 'web-llm', memory_mb: memory, ...more }
}

it('picks the small build of each model that the GPU can run, and says whether it fits', () => {
  const models = [
    model('Qwen3-4B-q4f16_1-MLC', 3_432),
    model('Qwen3-4B-q4f32_1-MLC', 4_328),
    model('Llama-3.2-1B-Instruct-q4f32_1-MLC', 1_129, { download_bytes: 700_000_000 }),
    model('another', 100),
  ]
  const picks = picksOf(models, 6)
  expect(picks.map(({ device, model, fits }) => [device, model.id, fits])).toEqual([
    ['phone', 'Llama-3.2-1B-Instruct-q4f32_1-MLC', true],
    ['laptop', 'Qwen3-4B-q4f16_1-MLC', false],
  ])
  expect(picks[0]?.download).toBe(700_000_000)
  expect(picks[1]?.download).toBeCloseTo(2.26e9, -7)
})

it('says nothing of memory that the browser does not tell', () => {
  const [pick] = picksOf([model('Qwen3-8B-q4f16_1-MLC', 5_696)], undefined)
  expect(pick?.fits).toBeUndefined()
})

it('suggests the smallest model for a phone and the largest for much memory', () => {
  expect(deviceOf(true, 32)).toBe('phone')
  expect(deviceOf(false, undefined)).toBe('laptop')
  expect(deviceOf(false, 8)).toBe('laptop')
  expect(deviceOf(false, 16)).toBe('desktop')
  expect(deviceOf(false, 32)).toBe('desktop')
})

it('has a model for embeddings apart, which no device is recommended', () => {
  const picks = picksOf([model('snowflake-arctic-embed-m-q0f32-MLC-b4', 540)], 8)
  expect(picks.map(({ device }) => device)).toEqual(['embedding'])
  expect(picks[0]?.download).toBeCloseTo(0.436e9, -7)
})

it('recommends only models that web-llm lists and that fit their device', () => {
  const listed = prebuiltAppConfig.model_list.map((record: ModelRecord) =>
    toModel(record, undefined),
  )
  const picks = picksOf(listed as Model[], 16)
  expect(picks.map(({ device }) => device)).toEqual(['phone', 'laptop', 'desktop', 'embedding'])
  const most = { phone: 1_500, laptop: 4_000, desktop: 8_000, embedding: 1_000 }
  for (const { device, model } of picks) {
    expect(model.memory_mb, model.id).toBeLessThanOrEqual(most[device])
    expect(model.tools, model.id).toBe(device === 'embedding' ? undefined : true)
  }
})
