import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { registerSchema, unregisterSchema, validate } from '@hyperjump/json-schema/openapi-3-1'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod/mini'
import { createDocument, type Document } from '../../scripts/openapi/document.ts'
import { openapiFiles } from '../../scripts/openapi/main.ts'
import { routesPage } from '../../scripts/openapi/routes-page.ts'
import { componentsOf } from '../../scripts/openapi/schema.ts'
import { requests } from '../../scripts/openapi/schemas.ts'
import { createHostedHandler } from '../../src/handler.ts'
import { pageFiles } from '../../src/hosts/server/files.ts'
import { table } from '../../src/routes/table.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'
import { fields, type Samples } from './wire/chat/fields.ts'
import { fields as responsesFields } from './wire/responses/fields.ts'

const AT = 'https://sluice.example/openapi'
const document = JSON.parse(JSON.stringify(createDocument())) as Document
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ ...operation, method, path })),
)

let upstream: Upstream
let handler: ReturnType<typeof createHostedHandler>
/** A handler that wants a key. */
let locked: ReturnType<typeof createHostedHandler>

beforeAll(async () => {
  registerSchema(document as never, AT, 'https://spec.openapis.org/oas/3.1/dialect/base')
  upstream = await startUpstream({ persona: 'vllm', counts: 'vllm' })
  const settings = { upstream: [upstream.url], staticDelay: 0 }
  locked = createHostedHandler({
    discover: false,
    staticDelay: 0,
    keys: `a=sha256:${'0'.repeat(64)}`,
  })
  handler = createHostedHandler(settings, { exposure: 'machine', files: async () => undefined })
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

/** The same for one event of a stream: that it is among those told of the route, and is what it says. */
async function wrongEvent(path: string, frame: string): Promise<unknown> {
  const told = document.paths[path]?.post?.responses['200']?.content?.['text/event-stream']
  const [, name, data = ''] = /^(?:event: ([\w.]+)\n)?data: ([^\n]+)$/.exec(frame) ?? []
  const events = (told?.['x-events'] ?? []).filter(({ event }) => event === name)
  if (events.some((event) => event.data.const === data)) return undefined
  const components = events.flatMap(({ data: { $ref } }) => ($ref ? [$ref.split('/').at(-1)] : []))
  if (components.length === 0) return `no event ${name} is told of`
  const wrong = await Promise.all(
    components.map((component) => wrongAs(component ?? '', JSON.parse(data))),
  )
  return wrong.includes(undefined) ? undefined : wrong
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

  it.each(['openapi.json', 'openapi.html'])(
    'is made in a checkout as it is asked for: %s',
    async (name) => {
      const bytes = await pageFiles()(name)
      expect(await new Response(bytes).text()).toBe(openapiFiles()[name])
    },
  )

  it('and the list of routes in the docs are of the same table', () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/routes.md'), 'utf8')
    expect(page === routesPage(), 'node scripts/routes.mjs writes it').toBe(true)
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
  it('are those of the table, with and without a key', () => {
    const routes = Object.entries(table).map(([id, { method, path, access }]) => {
      return [id, method, path.replace(/:(\w+)\+?/, '{$1}'), access]
    })
    expect(routes.length).toBeGreaterThan(17)
    const told = operations.map(({ operationId, method, path, security }) => {
      return [operationId, method, path, security === undefined ? 'key' : 'open']
    })
    expect(told.sort()).toEqual(routes.sort())
  })

  it.each(operations)('want a key where they say so: $method $path', async (operation) => {
    const path = operation.path.replace('{id}', 'static')
    const init = { method: operation.method.toUpperCase() }
    const { status } = await locked.fetch(new Request(`http://localhost${path}`, init))
    expect(status === 401).toBe(operation.security === undefined)
    expect(status === 401).toBe(path.startsWith('/v1/'))
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
      const whole = 'stream' in example ? { ...example, stream: false } : example
      const named = JSON.stringify(whole).replace('"MODEL"', '"Qwen/Qwen3-8B"')
      const response = await post(String(path), JSON.parse(named))
      expect(response.status).toBe(200)
    },
  )

  it.each(Object.entries<Samples>(fields))('%s of a chat', async (field, { right, wrong }) => {
    const messages = [{ role: 'user', content: 'x' }]
    for (const value of right) {
      const told = JSON.stringify(value)
      expect(await wrongAs('ChatRequest', { messages, [field]: value }), told).toBeUndefined()
    }
    // What an upstream judges is told as the form that engines here hold to.
    const { own = z.never() } = requests.ChatRequest ?? {}
    for (const [value] of wrong) {
      const told = JSON.stringify(value)
      expect(z.safeParse(own, { messages, [field]: value }).success, told).toBe(false)
    }
    const said = document.components.schemas.ChatRequest?.properties?.[field]
    const isRelied = ['model', 'stream', 'n'].includes(field)
    expect(said?.['x-own'] === undefined).toBe(isRelied)
    const [[value] = []] = wrong
    const isWrong = (await wrongAs('ChatRequest', { messages, [field]: value })) !== undefined
    expect(isWrong).toBe(isRelied || field === 'stream_options')
  })

  it.each(Object.entries<Samples>(responsesFields))('%s of a response', async (field, samples) => {
    for (const value of samples.right) {
      const told = JSON.stringify(value)
      const asked = { input: 'x', [field]: value }
      expect(await wrongAs('ResponsesRequest', asked), told).toBeUndefined()
    }
    for (const [value] of samples.wrong) {
      const told = JSON.stringify(value)
      const asked = { input: 'x', [field]: value }
      expect(await wrongAs('ResponsesRequest', asked), told).toBeDefined()
    }
  })

  it.each<[unknown, string | undefined]>([
    [{ content: [{ type: 'text', text: 'x' }] }, undefined],
    [{ content: [{ type: 'tool_result', tool_use_id: 'a' }] }, undefined],
    [{ content: [{ type: 'thinking', thinking: 'x' }] }, undefined],
    [{ content: [{ type: 'text' }] }, 'messages[0].content[0].text'],
    [{ content: [{ type: 'tool_result' }] }, 'messages[0].content[0].tool_use_id'],
    [{ content: 5 }, 'messages[0].content'],
    [{ content: 'x', role: 'tool' }, 'messages[0].role'],
  ])('messages of %j', async (message, field) => {
    const asked = { max_tokens: 9, messages: [{ role: 'user', ...(message as object) }] }
    expect((await wrongAs('MessagesRequest', asked)) === undefined).toBe(field === undefined)
    const response = await post('/v1/messages', { model: 'static', ...asked })
    const { error } = (await response.json()) as { error?: { message: string } }
    if (field !== undefined) expect(error?.message.startsWith(`${field}: `)).toBe(true)
  })

  it.each<[unknown, boolean]>([
    [null, true],
    ['', true],
    [['a', [1]], true],
    [['a', 1], true],
    [5, false],
  ])('a completion of %j', async (prompt, isRight) => {
    expect((await wrongAs('TextRequest', { prompt })) === undefined).toBe(isRight)
    const { status } = await post('/v1/completions', { prompt, model: 'Qwen/Qwen3-8B' })
    expect(status === 400).toBe(!isRight)
  })

  it.each<[unknown, boolean]>([
    ['text', true],
    [['a', 'b'], true],
    [[1, 2], true],
    [[[1], [2, 3]], true],
    [[-1], true],
    [5, false],
    [null, false],
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

  it.each([
    ['/v1/completions', 'TextCompletion', { prompt: 'Go.', script: { persona: 'vllm' } }],
    ['/v1/messages', 'Message', { max_tokens: 99, messages, script }],
    ['/v1/responses', 'Response', { input: 'Go.', script }],
  ])('a whole answer of %s', async (path, component, asked) => {
    for (const model of ['static', 'Qwen/Qwen3-8B']) {
      const response = await post(path, { model, ...asked })
      const value: unknown = await response.json()
      expect(await wrongAs(component, value), JSON.stringify(value)).toBeUndefined()
    }
    expect(await wrongAs(component, { id: 1 })).toBeDefined()
  })

  it.each([
    ['/v1/completions', { prompt: 'Go.', script: { persona: 'vllm' } }],
    ['/v1/messages', { max_tokens: 99, messages, script }],
    ['/v1/responses', { input: 'Go.', script }],
    ['/v1/responses', { input: 'Go.', reasoning: { summary: 'auto' }, script }],
  ])('each event of a stream of %s', async (path, asked) => {
    for (const model of ['static', 'Qwen/Qwen3-8B']) {
      const text = await (await post(path, { model, ...asked, stream: true })).text()
      const events = text.split('\n\n').filter((event) => event !== '')
      expect(events.length).toBeGreaterThan(5)
      for (const event of events) expect(await wrongEvent(path, event), event).toBeUndefined()
    }
  })

  it.each([
    ['/v1/chat/completions', { messages }],
    ['/v1/messages', { max_tokens: 99, messages }],
    ['/v1/responses', { input: 'Go.' }],
  ])('each event of a stream of %s that fails', async (path, asked) => {
    const choices = [{ index: 0, delta: { role: 'assistant', content: 'a' }, finish_reason: null }]
    const chunk = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices }
    const model = 'Qwen/Qwen3-8B'
    const script = { steps: [{ chunk }, { wait: 20 }, { cut: true }] }
    const text = await (await post(path, { model, ...asked, script, stream: true })).text()
    expect(text).toContain('upstream_truncated')
    for (const event of text.split('\n\n').filter((event) => event !== '')) {
      expect(await wrongEvent(path, event), event).toBeUndefined()
    }
  })

  it('what is kept of a response', async () => {
    const response = await post('/v1/responses', { input: 'Go.', model: 'static' })
    const { id } = (await response.json()) as { id: string }
    const at = `/v1/responses/${id}`
    const found: [string, Response][] = [
      ['Response', await ask(at)],
      ['ResponseItems', await ask(`${at}/input_items?order=asc&limit=1`)],
      ['Error', await ask(`${at}/input_items?limit=0`)],
      ['Error', await ask(`${at}/cancel`, { method: 'POST' })],
      ['ResponseDeleted', await ask(at, { method: 'DELETE' })],
      ['Error', await ask(at)],
    ]
    for (const [component, response] of found) {
      const value: unknown = await response.json()
      expect(await wrongAs(component, value), JSON.stringify(value)).toBeUndefined()
    }
  })

  it('what clients of Anthropic’s API get', async () => {
    const headers = { 'anthropic-version': '2023-06-01' }
    const count = { messages, model: 'Qwen/Qwen3-8B' }
    const found: [string, Response][] = [
      ['ModelPage', await ask('/v1/models', { headers })],
      ['ModelInfo', await ask('/v1/models/static', { headers })],
      ['MessagesError', await ask('/v1/models/nobody', { headers })],
      ['MessagesError', await post('/v1/messages', {})],
      ['MessageTokens', await post('/v1/messages/count_tokens', count)],
    ]
    for (const [component, response] of found) {
      const value: unknown = await response.json()
      expect(await wrongAs(component, value), JSON.stringify(value)).toBeUndefined()
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
    for (const { responses, path } of operations) {
      const shape = path.startsWith('/v1/messages') ? 'MessagesError' : 'Error'
      for (const [status, { $ref }] of Object.entries(responses)) {
        if ($ref !== undefined) expect($ref).toBe(`#/components/responses/${shape}${status}`)
      }
    }
  })
})

it('names schemas of zod/mini as those of zod', () => {
  expect(componentsOf({ Empty: requests.EmbeddingRequest?.schema as never }).Empty?.type).toBe(
    'object',
  )
})
