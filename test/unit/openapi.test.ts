import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { registerSchema, unregisterSchema, validate } from '@hyperjump/json-schema/openapi-3-1'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDocument, type Document } from '../../scripts/openapi/document.ts'
import { openapiFiles } from '../../scripts/openapi/main.ts'
import { requests } from '../../scripts/openapi/requests.ts'
import { componentsOf } from '../../scripts/openapi/schema.ts'
import { createHandler } from '../../src/index.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'
import { fields, type Samples } from './wire/chat-fields.ts'

const root = join(import.meta.dirname, '../..')
const AT = 'https://sluice.example/openapi'
const document = JSON.parse(JSON.stringify(createDocument())) as Document
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ ...operation, method, path })),
)

let upstream: Upstream
let handler: ReturnType<typeof createHandler>

beforeAll(async () => {
  registerSchema(document as never, AT, 'https://spec.openapis.org/oas/3.1/dialect/base')
  upstream = await startUpstream({ persona: 'vllm' })
  const settings = { upstream: [upstream.url], staticDelay: 0 }
  handler = createHandler(settings, { reach: 'machine', files: async () => undefined })
})
afterAll(async () => {
  unregisterSchema(AT)
  await upstream.close()
})

function ask(path: string, init: RequestInit = {}): Promise<Response> {
  return handler.fetch(new Request(`http://localhost${path}`, init))
}

function post(path: string, body: unknown): Promise<Response> {
  const headers = { 'content-type': 'application/json' }
  return ask(path, { method: 'POST', headers, body: JSON.stringify(body) })
}

/** What a value lacks to be what a component of the document says; undefined where it is that. */
async function wrongAs(component: string, value: unknown): Promise<unknown> {
  const uri = `${AT}#/components/schemas/${component}`
  const output = await validate(uri, value as never, 'BASIC')
  return output.valid ? undefined : output.errors
}

describe('the document', () => {
  it('is OpenAPI 3.1', async () => {
    const schema = 'https://spec.openapis.org/oas/3.1/schema-base'
    expect(await validate(schema, document as never, 'BASIC')).toEqual({ valid: true })
    const broken = structuredClone(document) as { info: object }
    broken.info = {}
    expect((await validate(schema, broken as never)).valid).toBe(false)
  })

  it('refers only to what there is, and has nothing that is not referred to', () => {
    const text = JSON.stringify(document)
    const named = Object.entries(document.components)
      .filter(([kind]) => kind !== 'securitySchemes')
      .flatMap(([kind, all]) => Object.keys(all).map((name) => `#/components/${kind}/${name}`))
    const used = new Set([...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref))
    expect([...used].filter((ref) => !named.includes(ref ?? ''))).toEqual([])
    expect(named.filter((name) => !used.has(name))).toEqual([])
  })

  it('calls every operation by a name of its own', () => {
    const ids = operations.map(({ operationId }) => operationId)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it.each(['openapi.json', 'openapi.html'])('is kept as it is made now: demo/public/%s', (name) => {
    const kept = readFileSync(join(root, 'demo/public', name), 'utf8')
    expect(kept === openapiFiles()[name], 'npm run openapi makes it anew').toBe(true)
  })

  it('says what every field of a request is for', () => {
    for (const [name, { fields }] of Object.entries(requests)) {
      const { properties = {} } = document.components.schemas[name] ?? {}
      expect(Object.keys(fields).sort()).toEqual(Object.keys(properties).sort())
    }
    expect(Object.keys(requests.ChatRequest?.fields ?? {}).length).toBeGreaterThan(35)
  })
})

describe('its routes', () => {
  it('are those that the handler has', () => {
    const source = readFileSync(join(root, 'src/handler.ts'), 'utf8')
    const found = [
      ...source.matchAll(/^ {2}(?:routes\.)?(get|post|put|patch|delete)\('(\/[^']*)'/gm),
    ]
    const routes = found.map(
      ([, method, path]) => `${method} ${path?.replace(/:(\w+)\+?/, '{$1}')}`,
    )
    expect(routes.length).toBeGreaterThan(8)
    expect(operations.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(routes.sort())
  })

  it.each(operations.map(({ method, path }) => [method, path]))(
    'are answered: %s %s',
    async (method = '', path = '') => {
      const response = await ask(path.replace('{id}', 'static'), { method: 'OPTIONS' })
      expect(response.status).toBe(204)
      expect(response.headers.get('allow')?.split(', ')).toContain(method.toUpperCase())
    },
  )

  it('say where no file is lent what makes them', async () => {
    for (const path of ['/openapi.json', '/openapi.html']) {
      const response = await ask(path)
      expect(response.status).toBe(404)
      const { error } = (await response.json()) as { error: { message: string } }
      expect(error.message).toContain('npm run build')
    }
  })
})

describe('what it says of requests is what is checked', () => {
  it.each(operations.filter(({ requestBody }) => requestBody).map((each) => [each.path, each]))(
    'the example of %s passes',
    async (path, { requestBody }) => {
      const media = (requestBody as { content: Record<string, { example: object }> }).content
      const example = media['application/json']?.example ?? {}
      const named = { ...example, model: 'static', stream: false }
      const response = await post(String(path), String(path).includes('chat') ? named : example)
      // The one with the placeholder of a model's name is refused for that alone.
      const { error } = (await response.json()) as { error?: { param: string } }
      expect(error?.param ?? 'model').toBe('model')
    },
  )

  it.each(Object.entries<Samples>(fields))('%s of a chat', async (field, { right, wrong }) => {
    const messages = [{ role: 'user', content: 'x' }]
    for (const value of right) {
      const told = JSON.stringify(value)
      expect(await wrongAs('ChatRequest', { messages, [field]: value }), told).toBeUndefined()
    }
    for (const [value] of wrong) {
      const told = JSON.stringify(value)
      expect(await wrongAs('ChatRequest', { messages, [field]: value }), told).toBeDefined()
    }
  })

  it.each<[unknown, boolean]>([
    ['text', true],
    [['a', 'b'], true],
    [[1, 2], true],
    [[[1], [2, 3]], true],
    ['', false],
    [[], false],
    [[''], false],
    [[[]], false],
    [[-1], false],
    [5, false],
  ])('embeddings of %j', async (input, isRight) => {
    expect((await wrongAs('EmbeddingRequest', { input })) === undefined).toBe(isRight)
    const { status } = await post('/v1/embeddings', { input, model: 'Qwen/Qwen3-8B' })
    expect(status === 400).toBe(!isRight)
  })
})

describe('what it says of answers is what comes', () => {
  const messages = [{ role: 'user', content: 'Go.' }]
  const toolCalls = [{ name: 'look', arguments: ['{"at":', '1}'] }]
  const script = { persona: 'vllm', words: ['a', 'b'], reasoning: ['Hm.'], toolCalls }

  it.each(['static', 'Qwen/Qwen3-8B'])('a whole answer of %s', async (model) => {
    const response = await post('/v1/chat/completions', { model, messages, script })
    expect(await wrongAs('ChatCompletion', await response.json())).toBeUndefined()
  })

  it.each(['static', 'Qwen/Qwen3-8B'])('each chunk of a stream of %s', async (model) => {
    const asked = { model, messages, script, stream: true, stream_options: { include_usage: true } }
    const text = await (await post('/v1/chat/completions', asked)).text()
    const events = text.split('\n\n').filter((event) => event !== '')
    expect(events.pop()).toBe('data: [DONE]')
    expect(events.length).toBeGreaterThan(5)
    for (const event of events) {
      const chunk: unknown = JSON.parse(event.slice('data: '.length))
      expect(await wrongAs('ChatCompletionChunk', chunk), event).toBeUndefined()
    }
  })

  it('vectors, models, health and refusals', async () => {
    const asked = { input: 'x', model: 'Qwen/Qwen3-8B' }
    const found: [string, Response][] = [
      ['EmbeddingList', await post('/v1/embeddings', asked)],
      ['ModelList', await ask('/v1/models')],
      ['Model', await ask('/v1/models/static')],
      ['Health', await ask('/health')],
      ['Health', await ask('/health/ready')],
      ['Error', await ask('/v1/models/nobody')],
      ['Error', await post('/v1/chat/completions', {})],
    ]
    for (const [component, response] of found) {
      const value: unknown = await response.json()
      expect(await wrongAs(component, value), JSON.stringify(value)).toBeUndefined()
    }
    expect(await wrongAs('Model', { id: 1 })).toBeDefined()
  })

  it('every status that it has a refusal for, described once', () => {
    const statuses = operations.flatMap(({ responses }) => Object.keys(responses))
    expect(statuses).toContain('508')
    for (const { responses } of operations) {
      for (const [status, { $ref }] of Object.entries(responses)) {
        if ($ref !== undefined) expect($ref).toBe(`#/components/responses/Error${status}`)
      }
    }
  })
})

it('names schemas of zod/mini as those of zod', () => {
  expect(componentsOf({ Empty: requests.EmbeddingRequest?.schema as never }).Empty?.type).toBe(
    'object',
  )
})
