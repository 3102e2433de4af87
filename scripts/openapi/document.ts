/** The OpenAPI 3.1 document of what sluice serves. */
import type { Access } from '../../src/routes/table-entry.ts'
import { VERSION } from '../../src/version.ts'
import type { DescribedEvent } from '../../src/wire/validation/describe.ts'
import { errors } from './errors.ts'
import type { Media } from './media.ts'
import type { Operation } from './operation.ts'
import { operations } from './operations.ts'
import { COMPONENTS, type Schema } from './schema.ts'
import { nameOf, schemaComponents } from './schemas.ts'

export interface Described {
  operationId: string
  tags: string[]
  summary: string
  description?: string
  parameters?: unknown[]
  requestBody?: { required: true; content: Record<string, Media> }
  responses: Record<
    string,
    { $ref?: string; description?: string; content?: Record<string, Media> }
  >
  security?: Record<string, string[]>[]
}

export interface Document {
  openapi: '3.1.1'
  info: Record<string, unknown>
  servers: { url: string; description: string }[]
  security: Record<string, string[]>[]
  tags: { name: string }[]
  paths: Record<string, Record<string, Described>>
  components: {
    securitySchemes: Record<string, unknown>
    headers: Record<string, unknown>
    responses: Record<string, unknown>
    schemas: Record<string, Schema>
  }
}

export function createDocument(): Document {
  const paths: Document['paths'] = {}
  for (const operation of operations) {
    const path = operation.path.replace(/:(\w+)\+?/g, '{$1}')
    paths[path] = { ...paths[path], [operation.method]: describe(operation) }
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'sluice',
      version: VERSION,
      summary: 'The OpenAI and Anthropic APIs, streaming first, for models on your own hardware.',
      description:
        'Every answer has the header `x-request-id`. Every GET also answers HEAD, and every path OPTIONS.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'The server that returned this document.' }],
    // A server without keys serves everyone who can reach it.
    security: [{}, { bearer: [] }, { apiKey: [] }],
    tags: [...new Set(operations.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' },
      },
      headers: {
        'x-request-id': {
          description: 'The id of the request, as in the log.',
          schema: { type: 'string' },
        },
        'retry-after': { description: 'Seconds.', schema: { type: 'integer' } },
      },
      responses: refusals(),
      schemas: schemaComponents(),
    },
  }
}

/** OpenAPI has no word for the role that a key of some kind gives. */
const NEEDS: Partial<Record<Access, string>> = {
  admin:
    'Needs a key with `admin: true`; on a server without keys, a request from its own machine.',
  metrics:
    'Needs a key with `admin: true` or `metrics: true`; on a server without keys, a request from its own machine.',
  offer:
    'Needs a key with `offers: true`; on a server without keys, a request from its own machine.',
}

function describe(operation: Operation): Described {
  const { id, tag, summary, description, parameters, request, example, access, requestBody } =
    operation
  const shape = operation.errorShape ?? 'Error'
  const described = [description, NEEDS[access]].filter(Boolean).join(' ')
  const refused = operation.errors.toSorted((a, b) => a - b)
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(described !== '' && { description: described }),
    ...(parameters && { parameters }),
    ...(requestBody && { requestBody: { required: true, content: requestBody } }),
    ...(request !== undefined && {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: component(request), example } },
      },
    }),
    responses: {
      200: answerOf(operation),
      ...Object.fromEntries(
        refused.map((status) => [status, { $ref: `#/components/responses/${shape}${status}` }]),
      ),
    },
    ...(access === 'open' && { security: [] }),
  }
}

function answerOf({ answer, answerText, events, streamType = EVENT_STREAM }: Operation) {
  const isType = typeof answer === 'string' && answer.includes('/')
  const content: Record<string, Media> = {
    ...(isType ? { [answer]: {} } : { 'application/json': { schema: components(answer) } }),
    ...(events && { [streamType]: stream(events, streamType) }),
  }
  const headers = { 'x-request-id': header('x-request-id') }
  return { description: answerText, headers, content }
}

const EVENT_STREAM = 'text/event-stream'

/** Each event is `data: …`, behind `event: …` where it has a name; its component describes the JSON. */
function stream(events: DescribedEvent[], type: string): Media {
  const form = type === EVENT_STREAM ? 'Server-sent events' : 'Lines of JSON'
  return {
    schema: { type: 'string', description: `${form}, which x-events describes.` },
    'x-events': events.map(({ event, data, description }) => ({
      ...(event !== undefined && { event }),
      data: typeof data === 'string' ? { const: data } : component(nameOf(data)),
      description,
    })),
  }
}

/** The errors that a route refers to, by shape and status. */
function refusals(): Record<string, object> {
  const used = operations.flatMap(({ errors: statuses, errorShape = 'Error' }) =>
    statuses.map((status) => [`${errorShape}${status}`, refusal(status, errorShape)] as const),
  )
  return Object.fromEntries(used.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function refusal(status: number, shape: string): object {
  const again = status === 429 || status === 503
  const headers = {
    'x-request-id': header('x-request-id'),
    ...(again && { 'retry-after': header('retry-after') }),
  }
  const content = { 'application/json': { schema: component(shape) } }
  return { description: errors[status], headers, content }
}

function components(names: string | readonly string[]): Schema {
  return typeof names === 'string' ? component(names) : { anyOf: names.map(component) }
}

function component(name: string): Schema {
  return { $ref: COMPONENTS + name }
}

function header(name: string): object {
  return { $ref: `#/components/headers/${name}` }
}
