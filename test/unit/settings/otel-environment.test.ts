import { describe, expect, it } from 'vitest'
import { settingsFromEnv } from '../../../src/settings/environment.ts'
import { parseSettings } from '../../../src/settings/settings.ts'

/** The settings of an environment, and the warnings about it. */
function read(env: Record<string, string>) {
  const warnings: string[] = []
  const settings = settingsFromEnv(env, (warning) => warnings.push(warning))
  // Whatever is read has to be accepted again.
  parseSettings(settings)
  return { settings, warnings }
}

describe('OpenTelemetry’s variables', () => {
  it('are settings', () => {
    const { settings, warnings } = read({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318/base',
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://traces.example.com/x',
      OTEL_EXPORTER_OTLP_HEADERS: 'Authorization=Bearer%20a%2Cb, x-b = c=d ,',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_EXPORTER_OTLP_TIMEOUT: '2500',
      OTEL_SERVICE_NAME: 'home',
      OTEL_RESOURCE_ATTRIBUTES: 'service.name=other,deployment.environment.name=a%20b',
      OTEL_TRACES_SAMPLER: 'traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0.25',
      OTEL_BSP_MAX_QUEUE_SIZE: '100',
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '10',
      OTEL_BSP_SCHEDULE_DELAY: '0',
    })
    expect(warnings).toEqual([])
    expect(settings).toEqual({
      otlpEndpoint: 'http://127.0.0.1:4318/base',
      otlpTracesEndpoint: 'https://traces.example.com/x',
      otlpHeaders: { authorization: 'Bearer a,b', 'x-b': 'c=d' },
      otlpFormat: 'http/json',
      otlpTimeout: 2_500,
      otlpServiceName: 'home',
      otlpAttributes: { 'service.name': 'other', 'deployment.environment.name': 'a b' },
      tracesSampler: 'traceidratio',
      tracesSamplerArg: 0.25,
      ...{ tracesQueue: 100, tracesBatch: 10, tracesDelay: 0 },
    })
  })

  it('for traces come before those for everything', () => {
    const { settings } = read({
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'a=1',
      OTEL_EXPORTER_OTLP_HEADERS: 'a=2',
      OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: '1',
      OTEL_EXPORTER_OTLP_TIMEOUT: '2',
    })
    expect(settings).toEqual({ otlpHeaders: { a: '1' }, otlpTimeout: 1 })
  })

  it('name the service by an attribute, where no variable does', () => {
    expect(read({ OTEL_RESOURCE_ATTRIBUTES: 'service.name=x' }).settings.otlpServiceName).toBe('x')
  })

  it.each([
    [{ OTEL_SDK_DISABLED: 'true' }, false],
    [{ OTEL_SDK_DISABLED: 'TRUE' }, false],
    [{ OTEL_SDK_DISABLED: 'false' }, undefined],
    [{ OTEL_SDK_DISABLED: '1' }, undefined],
    [{ OTEL_TRACES_EXPORTER: 'none' }, false],
    [{ OTEL_TRACES_EXPORTER: ' none ' }, false],
    [{ OTEL_TRACES_EXPORTER: 'console' }, undefined],
    [{ OTEL_TRACES_EXPORTER: 'console,otlp' }, undefined],
    [{ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, undefined],
    [
      { OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/json', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
      undefined,
    ],
  ])('%j: traces are %j', (env, traces) => {
    expect(read(env as never).settings.traces).toBe(traces)
  })

  it('that are empty say nothing', () => {
    expect(read({ OTEL_EXPORTER_OTLP_ENDPOINT: '', OTEL_SERVICE_NAME: ' ' })).toEqual({
      ...{ settings: {}, warnings: [] },
    })
  })

  it('are overridden by sluice’s own', () => {
    const env = { OTEL_SERVICE_NAME: 'a', SLUICE_OTLP_SERVICE_NAME: 'b' }
    expect(read(env).settings).toEqual({ otlpServiceName: 'b' })
    const config = { OTEL_SERVICE_NAME: 'a', SLUICE_CONFIG: '{"otlpServiceName":"c"}' }
    expect(read(config).settings).toEqual({ otlpServiceName: 'c' })
  })

  it.each([
    ['OTEL_EXPORTER_OTLP_ENDPOINT', '127.0.0.1:4318'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'http://user:hunter2@host'],
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'thrift'],
    ['OTEL_EXPORTER_OTLP_TIMEOUT', '5s'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'hunter2'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'a b=hunter2'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'a=%zz'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'a=x%0d%0ahunter2'],
    ['OTEL_RESOURCE_ATTRIBUTES', 'nothing'],
    ['OTEL_TRACES_SAMPLER', 'jaeger_remote'],
    ['OTEL_TRACES_SAMPLER_ARG', '2'],
    ['OTEL_BSP_MAX_QUEUE_SIZE', '-1'],
  ])('%s=%s is ignored with a warning', (variable, value) => {
    const { settings, warnings } = read({ [variable]: value })
    expect(settings).toEqual({})
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toMatch(new RegExp(`^${variable}: expected .* got .*ignored\\.$`))
    if (variable.endsWith('HEADERS')) expect(warnings[0]).not.toMatch(/hunter2|zz/)
  })

  const ENDPOINTS = {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4317',
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:4317/v1/traces',
  }
  const PROTOCOL = 'OTEL_EXPORTER_OTLP_PROTOCOL'
  const TRACES_PROTOCOL = 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL'

  it.each([
    [{ [PROTOCOL]: 'grpc' }, false],
    [{ [TRACES_PROTOCOL]: 'grpc', [PROTOCOL]: 'http/json' }, false],
    [{ [TRACES_PROTOCOL]: 'http/json', [PROTOCOL]: 'grpc' }, true],
    [{ OTEL_TRACES_EXPORTER: 'console' }, false],
    [{ OTEL_TRACES_EXPORTER: 'zipkin, console' }, false],
    [{ OTEL_TRACES_EXPORTER: 'console, otlp' }, true],
    [{ OTEL_TRACES_EXPORTER: ' otlp ,console' }, true],
    [{ OTEL_TRACES_EXPORTER: ',' }, true],
  ])('%j: their endpoints are used: %j', (env, isUsed) => {
    const { settings } = read({ ...ENDPOINTS, ...env })
    expect('otlpEndpoint' in settings).toBe(isUsed)
    expect('otlpTracesEndpoint' in settings).toBe(isUsed)
    expect(settings.traces).toBeUndefined()
  })

  it('with grpc leave their endpoint out with a warning, as another port answers it', () => {
    const { settings, warnings } = read({ ...ENDPOINTS, [PROTOCOL]: 'grpc' })
    expect(settings).toEqual({})
    expect(warnings).toEqual([
      expect.stringMatching(/^OTEL_EXPORTER_OTLP_PROTOCOL: .*no traces are sent to the endpoint/),
    ])
  })

  it('with another exporter leave an endpoint that is sluice’s own setting', () => {
    const env = { ...ENDPOINTS, [PROTOCOL]: 'grpc', OTEL_TRACES_EXPORTER: 'console' }
    const own = { ...env, SLUICE_OTLP_ENDPOINT: 'http://127.0.0.1:4318' }
    expect(read(own).settings).toEqual({ otlpEndpoint: 'http://127.0.0.1:4318' })
  })
})

describe('the settings in code', () => {
  it('take headers and attributes as objects, and a share as a number', () => {
    const settings = parseSettings({
      otlpHeaders: { 'X-A': 'b' },
      otlpAttributes: { a: 'b' },
      tracesSamplerArg: 0.5,
    })
    expect(settings).toMatchObject({ otlpHeaders: { 'x-a': 'b' }, tracesSamplerArg: 0.5 })
    // What was read may be given again.
    expect(parseSettings(settings)).toEqual(settings)
  })

  it.each([
    [{ otlpHeaders: { 'a b': 'hunter2' } }, 'otlpHeaders'],
    [{ otlpHeaders: { a: 'hunter2\n' } }, 'otlpHeaders'],
    [{ otlpEndpoint: 'ftp://x' }, 'otlpEndpoint'],
    [{ tracesSamplerArg: 1.5 }, 'tracesSamplerArg'],
    [{ tracesSampler: 'some' }, 'tracesSampler'],
  ])('%j is refused', (given, name) => {
    expect(() => parseSettings(given as never)).toThrow(new RegExp(`^${name}: expected `))
    try {
      parseSettings(given as never)
    } catch (error) {
      expect(String(error)).not.toContain('hunter2')
    }
  })
})
