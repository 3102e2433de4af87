import * as z from 'zod/mini'
import { boolean, choice, integer, text, time } from '../declaration.ts'
import { attributesSchema, headersSchema, readAttributes, readHeaders } from '../otlp-lists.ts'

const ENDPOINT = /^https?:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/

const endpoint = {
  placeholder: 'URL',
  pattern: ENDPOINT,
  expected: 'an http or https URL, such as http://127.0.0.1:4318',
} as const

const ratioSchema = (): z.ZodMiniType<number | string, number | string> =>
  z.union([
    z.number().check(z.gte(0), z.lte(1)),
    z.string().check(z.regex(/^(0?\.\d+|[01](\.0*)?)$/)),
  ])

/** Where traces are sent, and which. Each has a standard name in the environment too: otel-environment.ts. */
export const tracing = {
  traces: boolean({
    default: true,
    help: 'Record a trace of each request, if there is somewhere to send it: an endpoint (--otlp-endpoint), or the OpenTelemetry SDK that the program or the runtime has registered. OTEL_SDK_DISABLED=true and OTEL_TRACES_EXPORTER=none switch it off, too.',
  }),
  otlpEndpoint: text({
    ...endpoint,
    help: 'The OpenTelemetry endpoint that traces are sent to by OTLP over HTTP, at /v1/traces below it. Also OTEL_EXPORTER_OTLP_ENDPOINT.',
  }),
  otlpTracesEndpoint: text({
    ...endpoint,
    expected: 'an http or https URL, such as http://127.0.0.1:4318/v1/traces',
    help: 'The full URL that traces are sent to; no path is added. Also OTEL_EXPORTER_OTLP_TRACES_ENDPOINT.',
  }),
  otlpHeaders: {
    kind: 'text' as const,
    schema: headersSchema,
    secret: true,
    expected: 'NAME=VALUE with commas between them, or an object',
    help: 'Headers for that endpoint, such as a token: NAME=VALUE with commas between them, percent-encoded, or an object. Also OTEL_EXPORTER_OTLP_HEADERS.',
    read: readHeaders,
  },
  otlpFormat: choice(['http/protobuf', 'http/json'], {
    default: 'http/protobuf',
    placeholder: 'FORMAT',
    help: 'The format in which traces are sent. Also OTEL_EXPORTER_OTLP_PROTOCOL; grpc is not supported.',
  }),
  otlpTimeout: time({
    min: 1,
    max: 10 * 60_000,
    default: 10_000,
    placeholder: 'TIME',
    help: 'How long the endpoint may take to answer. Also OTEL_EXPORTER_OTLP_TIMEOUT, in milliseconds.',
  }),
  otlpServiceName: text({
    default: 'sluice',
    placeholder: 'NAME',
    expected: 'a name',
    help: 'The service name (service.name) in traces. Also OTEL_SERVICE_NAME.',
  }),
  otlpAttributes: {
    kind: 'text' as const,
    schema: attributesSchema,
    default: {} as Record<string, string>,
    placeholder: 'NAME=VALUE,…',
    expected: 'NAME=VALUE with commas between them, or an object',
    help: 'Further resource attributes of traces, such as deployment.environment.name=home. Also OTEL_RESOURCE_ATTRIBUTES.',
    read: readAttributes,
  },
  tracesSampler: choice(
    [
      'parentbased_always_on',
      'parentbased_always_off',
      'parentbased_traceidratio',
      'always_on',
      'always_off',
      'traceidratio',
    ],
    {
      default: 'parentbased_always_on',
      placeholder: 'NAME',
      help: 'Which traces are recorded, by the names that OpenTelemetry gives samplers: parentbased_… follows the sampling decision in the traceparent of the client, if it sends one. Also OTEL_TRACES_SAMPLER.',
    },
  ),
  tracesSamplerArg: {
    kind: 'text' as const,
    schema: ratioSchema,
    default: 1 as number,
    placeholder: 'SHARE',
    expected: 'a number from 0 to 1, such as 0.1',
    help: 'The share of traces that a sampler with traceidratio in its name records. Also OTEL_TRACES_SAMPLER_ARG.',
    read: Number,
  },
  tracesQueue: integer({
    min: 1,
    max: 1_000_000,
    default: 2_048,
    placeholder: 'N',
    help: 'How many spans may be queued for export; further spans are dropped and counted. Also OTEL_BSP_MAX_QUEUE_SIZE.',
  }),
  tracesBatch: integer({
    min: 1,
    max: 100_000,
    default: 512,
    placeholder: 'N',
    help: 'The maximum number of spans in one export request. Also OTEL_BSP_MAX_EXPORT_BATCH_SIZE.',
  }),
  tracesDelay: time({
    min: 0,
    max: 10 * 60_000,
    default: 5_000,
    placeholder: 'TIME',
    help: 'The maximum time that a span waits before its batch is sent. On workerd each request sends its own at its end. Also OTEL_BSP_SCHEDULE_DELAY, in milliseconds.',
  }),
}
