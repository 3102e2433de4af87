/**
 * OpenTelemetry's own variables, as settings: https://opentelemetry.io/docs/specs/otel/configuration/.
 * They are meant for every program on a machine, so that a wrong one is ignored with a warning, as that
 * specification asks, and never keeps sluice from starting.
 */
import { withoutTrailing } from '../util/without-trailing.ts'
import type { Warn } from './deprecated.ts'
import { SettingsError } from './error.ts'
import type { SettingsReader } from './reader.ts'

/** The setting of each variable; of those that are for the same one, the last that is set counts. */
const VARIABLES: readonly (readonly [variable: string, setting: string])[] = [
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'otlpEndpoint'],
  ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'otlpTracesEndpoint'],
  ['OTEL_EXPORTER_OTLP_HEADERS', 'otlpHeaders'],
  ['OTEL_EXPORTER_OTLP_TRACES_HEADERS', 'otlpHeaders'],
  ['OTEL_EXPORTER_OTLP_PROTOCOL', 'otlpFormat'],
  ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'otlpFormat'],
  ['OTEL_EXPORTER_OTLP_TIMEOUT', 'otlpTimeout'],
  ['OTEL_EXPORTER_OTLP_TRACES_TIMEOUT', 'otlpTimeout'],
  ['OTEL_RESOURCE_ATTRIBUTES', 'otlpAttributes'],
  ['OTEL_TRACES_SAMPLER', 'tracesSampler'],
  ['OTEL_TRACES_SAMPLER_ARG', 'tracesSamplerArg'],
  ['OTEL_BSP_MAX_QUEUE_SIZE', 'tracesQueue'],
  ['OTEL_BSP_MAX_EXPORT_BATCH_SIZE', 'tracesBatch'],
  ['OTEL_BSP_SCHEDULE_DELAY', 'tracesDelay'],
]

const ENDPOINTS = ['otlpEndpoint', 'otlpTracesEndpoint'] as const

const GRPC = 'grpc'

/** Settings whose variables are a bare number of milliseconds. */
const MILLISECONDS = new Set(['otlpTimeout', 'tracesDelay'])

/** The settings that OpenTelemetry's variables stand for. `warn` is told of those that are ignored. */
export function settingsFromOtel(
  reader: SettingsReader,
  env: Readonly<Record<string, unknown>>,
  warn: Warn,
): Record<string, unknown> {
  const settings: Record<string, unknown> = {}
  let isGrpc = false
  for (const [variable, name] of VARIABLES) {
    const value = textOf(env[variable])
    if (value === '') continue
    const read = readVariable(reader, variable, name, value, warn)
    if (read !== undefined) settings[name] = read
    if (name === 'otlpFormat' && (value === GRPC || read !== undefined)) isGrpc = value === GRPC
  }
  const service = serviceName(env, settings.otlpAttributes)
  if (service !== undefined) settings.otlpServiceName = service
  const exporters = listOf(env.OTEL_TRACES_EXPORTER)
  // These switch off what sluice sends itself; an SDK of the program has exporters of its own. With gRPC, the
  // endpoint is a port that does not answer HTTP.
  if (isGrpc || (exporters.length > 0 && !exporters.includes('otlp'))) {
    for (const name of ENDPOINTS) delete settings[name]
  }
  const isOff = exporters.length > 0 && exporters.every((exporter) => exporter === 'none')
  if (isOff || textOf(env.OTEL_SDK_DISABLED).toLowerCase() === 'true') settings.traces = false
  return settings
}

function readVariable(
  reader: SettingsReader,
  variable: string,
  name: string,
  value: string,
  warn: Warn,
): unknown {
  if (MILLISECONDS.has(name) && !/^\d+$/.test(value)) {
    warn(`${variable}: expected a number of milliseconds, got another value; it is ignored.`)
    return undefined
  }
  try {
    return reader.readText(name, value, variable, warn)
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error
    const effect =
      value === GRPC
        ? 'no traces are sent to the endpoint that these variables name'
        : 'it is ignored'
    warn(`${withoutTrailing('.', error.message)}; ${effect}.`)
    return undefined
  }
}

/** The variable for it comes before the attribute of the same meaning. */
function serviceName(env: Readonly<Record<string, unknown>>, attributes: unknown) {
  const named = textOf(env.OTEL_SERVICE_NAME)
  if (named !== '') return named
  return (attributes as Record<string, string> | undefined)?.['service.name'] || undefined
}

function listOf(value: unknown): string[] {
  const items = textOf(value).split(',')
  return items.map((item) => item.trim()).filter((item) => item !== '')
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value.trim() : ''
}
