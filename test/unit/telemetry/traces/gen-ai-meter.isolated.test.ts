import { type MeterProvider, metrics } from '@opentelemetry/api'
import { afterEach, expect, it } from 'vitest'
import { parseSettings } from '../../../../src/settings/settings.ts'
import type { Sources } from '../../../../src/telemetry/sources.ts'
import { GenAiMeter } from '../../../../src/telemetry/traces/gen-ai-meter.ts'
import { ApiError } from '../../../../src/wire/errors/api-error.ts'
import { observed, silentExchange } from '../../../support/observed.ts'

interface Measured {
  name: string
  value: number
  attributes: Record<string, unknown>
}

/** A meter provider that keeps what is measured, and how often its meter was made. */
function provider() {
  const measured: Measured[] = []
  let made = 0
  const write = (name: string) => (value: number, attributes: Measured['attributes']) =>
    void measured.push({ name, value, attributes })
  const getMeter = () => {
    made++
    return {
      createHistogram: (name: string) => ({ record: write(name) }),
      createCounter: (name: string) => ({ add: write(name) }),
    }
  }
  return { measured, made: () => made, own: { getMeter } as unknown as MeterProvider }
}

/** A request that failed at one engine and then at another. */
function failedTwice() {
  const exchange = silentExchange()
  exchange.timeline.attempt('gpu', 'm', 'vllm')
  exchange.retry('gpu upstream_unreachable', new Error('nobody is there'))
  exchange.timeline.attempt('gpu2', 'made up by a client')
  exchange.fail(new ApiError(500, 'no', { code: 'code of an upstream' }))
  return observed({ exchange, status: 500, outcome: 'failed' })
}

function meterOf(settings = {}) {
  const meter = new GenAiMeter()
  const sources = { isServed: (model: string): boolean => model === 'm' } as unknown as Sources
  return meter.configure(parseSettings(settings), sources)
}

afterEach(() => metrics.disable())

it('measures each attempt for the SDK that is registered, with attributes of which there are few', () => {
  const meter = meterOf()
  const { measured, made, own } = provider()
  // Nobody listens yet.
  meter?.onEnd?.(failedTwice())
  metrics.setGlobalMeterProvider(own)
  meter?.onEnd?.(failedTwice())
  meter?.onEnd?.(failedTwice())
  expect(made()).toBe(1)
  const durations = measured.filter(({ name }) => name === 'gen_ai.client.operation.duration')
  expect(durations).toHaveLength(4)
  expect(durations.slice(0, 2).map(({ attributes }) => attributes)).toEqual([
    {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'vllm',
      'gen_ai.request.model': 'm',
      'sluice.engine': 'gpu',
      'error.type': 'upstream_unreachable',
    },
    {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'sluice',
      'gen_ai.request.model': 'other',
      'sluice.engine': 'gpu2',
      'error.type': '_OTHER',
    },
  ])
  const input = measured.find(({ name }) => name.endsWith('input_tokens'))
  expect(input).toMatchObject({ value: 0, attributes: { 'gen_ai.token.modality': 'unknown' } })
})

it('measures nothing where metrics are switched off', () => {
  expect(meterOf({ metrics: false })).toBeUndefined()
})
