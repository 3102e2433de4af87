import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { validate } from '@hyperjump/json-schema/openapi-3-1'
import { describe, expect, it } from 'vitest'
import * as z from 'zod/mini'
import { openapiFiles } from '../../scripts/openapi/main.ts'
import { routesPage } from '../../scripts/openapi/routes-page.ts'
import { componentsOf } from '../../scripts/openapi/schema.ts'
import { requests } from '../../scripts/openapi/schemas.ts'
import { pageFiles } from '../../src/hosts/server/files.ts'
import { table } from '../../src/routes/table.ts'
import { ask, document, locked, operations, post, wrongAs } from './openapi-asking.ts'
import { fields, type Samples } from './wire/chat/fields.ts'
import { fields as responsesFields } from './wire/responses/fields.ts'

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
    const told = operations.map(({ operationId, method, path, security, description = '' }) => {
      const [, needed] =
        /Needs a key with `admin: true`( or `metrics: true`)?/.exec(description) ?? []
      const isAdmin = description.includes('Needs a key with `admin: true`')
      const role = needed === undefined ? 'admin' : 'metrics'
      const other = description.includes('Needs a key with `offers: true`') ? 'offer' : 'key'
      const access = isAdmin ? role : security === undefined ? other : 'open'
      return [operationId, method, path, access]
    })
    expect(told.sort()).toEqual(routes.sort())
  })

  it.each(operations)('want a key where they say so: $method $path', async (operation) => {
    const path = operation.path.replace(/\{\w+\}/, 'static')
    const init = { method: operation.method.toUpperCase() }
    const { status } = await locked.fetch(new Request(`http://localhost${path}`, init))
    expect(status === 401).toBe(operation.security === undefined)
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

/** What these name does not exist here, which is found out when all else was checked. */
const STATUS_OF_EXAMPLE: Record<string, number> = {
  '/v1/pairings/redeem': 403,
  '/v1/tabs/{id}': 410,
}

describe('what it says of requests is what is checked', () => {
  // What is forwarded is checked by the server that it is for.
  it.each(operations.filter(hasSchema).map((each) => [each.path, each]))(
    'the example of %s passes',
    async (path, { requestBody }) => {
      const media = (requestBody as { content: Record<string, { example: object }> }).content
      const example = media['application/json']?.example ?? {}
      const whole = 'stream' in example ? { ...example, stream: false } : example
      const named = JSON.stringify(whole).replace('"MODEL"', '"Qwen/Qwen3-8B"')
      const response = await post(String(path), JSON.parse(named))
      expect(response.status).toBe(STATUS_OF_EXAMPLE[String(path)] ?? 200)
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

it('names schemas of zod/mini as those of zod', () => {
  expect(componentsOf({ Empty: requests.EmbeddingRequest?.schema as never }).Empty?.type).toBe(
    'object',
  )
})

/** Whether a schema of sluice's describes the body of a route, and not only its server. */
function hasSchema({ requestBody }: (typeof operations)[number]): boolean {
  return requestBody?.content['application/json']?.schema?.$ref !== undefined
}
