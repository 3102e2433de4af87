import { VERSION } from '../../version.ts'
import type { EngineView, Sources } from '../sources.ts'
import type { GaugeName } from './descriptions.ts'
import type { LabelValues } from './registry.ts'

/** What a gauge is now. */
export type GaugeValues = readonly (readonly [LabelValues, number])[]

export type Gauges = Readonly<Record<GaugeName, GaugeValues>>

const BREAKER_STATES = ['closed', 'open', 'half-open']

/** What is read now. `running`: requests that have asked an engine. */
export function gaugesOf(sources: Sources, running: number, host: string | undefined): Gauges {
  const engines = sources.engines()
  const { waiting, limit } = sources.queue()
  const state = sources.state()
  return {
    sluice_requests_running: [[[], running]],
    sluice_queue_waiting: [[[], waiting]],
    sluice_queue_limit: [[[], limit]],
    sluice_engine_up: perEngine(engines, isUp),
    sluice_engine_running: perEngine(engines, ({ running }) => running),
    sluice_engine_limit: perEngine(engines, ({ maxConcurrency }) => maxConcurrency),
    sluice_breaker_state: engines.flatMap(({ label, breaker }) => {
      return BREAKER_STATES.map((state) => [[label, state], Number(state === breaker)] as const)
    }),
    sluice_stored_responses: optional(sources.stored()),
    sluice_state_up: optional(state && Number(state.status === 'connected')),
    sluice_state_instances: optional(state?.instances),
    sluice_streams_running: [[[], sources.streams()]],
    sluice_tabs: Object.entries(sources.tabs()).map(([state, count]) => [[state], count]),
    sluice_build_info: [[[VERSION, host ?? ''], 1]],
  }
}

function perEngine(
  engines: readonly EngineView[],
  read: (engine: EngineView) => number | undefined,
): GaugeValues {
  return engines.flatMap((engine) => {
    const value = read(engine)
    return value === undefined ? [] : [[[engine.label], value] as const]
  })
}

/** An open circuit breaker hides what the last listing was. */
function isUp({ state, error }: EngineView): number | undefined {
  if (state === 'unknown') return undefined
  return state === 'down' || error !== undefined ? 0 : 1
}

function optional(value: number | undefined): GaugeValues {
  return value === undefined ? [] : [[[], value]]
}
