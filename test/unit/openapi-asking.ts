import { registerSchema, unregisterSchema, validate } from '@hyperjump/json-schema/openapi-3-1'
import { afterAll, beforeAll } from 'vitest'
import { createDocument, type Document } from '../../scripts/openapi/document.ts'
import { createHostedHandler } from '../../src/handler.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'

const AT = 'https://sluice.example/openapi'

export const document = JSON.parse(JSON.stringify(createDocument())) as Document

export const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ ...operation, method, path })),
)

let upstream: Upstream

let handler: ReturnType<typeof createHostedHandler>

/** A handler that wants a key. */
export let locked: ReturnType<typeof createHostedHandler>

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

export function ask(path: string, init: RequestInit = {}): Promise<Response> {
  return handler.fetch(new Request(`http://localhost${path}`, init))
}

export function post(path: string, body: unknown): Promise<Response> {
  const headers = { 'content-type': 'application/json' }
  return ask(path, { method: 'POST', headers, body: JSON.stringify(body) })
}

/** What a value lacks to be what a component of the document says; undefined where it is that. */
export async function wrongAs(component: string, value: unknown): Promise<unknown> {
  const uri = `${AT}#/components/schemas/${component}`
  const output = await validate(uri, value as never, 'BASIC')
  return output.valid ? undefined : output.errors
}

/** The same for one event of a stream: that it is among those told of the route, and is what it says. */
export async function wrongEvent(path: string, frame: string): Promise<unknown> {
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
