import { isObject } from '../../../src/util/object.ts'
import { mutate } from '../../support/mutate.ts'
import { bytesOf, edited, utf8 } from '../bytes.ts'
import { requireEqual, requireThat, shown } from '../equal.ts'
import { target } from '../target.ts'
import { INTEGER } from './fields.ts'
import { type RequestsInput, requestsInput } from './generate.ts'
import { judge, judgeError } from './judge.ts'
import { type Sent, type ServerUnderTest, startServer } from './server.ts'

export const requests = target({
  name: 'requests',
  about:
    'requests of every API (createHandler): never a 500, a hang or a throw; errors name a field; the engine gets what came; streams by judges of their own',
  short: 1_500,
  input: requestsInput,
  check: checkRequests,
})

async function checkRequests(input: RequestsInput): Promise<void> {
  const server = startServer()
  if (input.kind === 'body') await checkBody(server, input)
  else if (input.kind === 'headers') await checkHeaders(server, input)
  else await checkRoute(server, input)
  const failed = server.log.filter(
    ({ status }) => status >= 500 && status !== 501 && status !== 503,
  )
  requireEqual(failed, [], 'log entries of failures')
}

type BodyInput = Extract<RequestsInput, { kind: 'body' }>

async function checkBody(server: ServerUnderTest, input: BodyInput): Promise<void> {
  const { path, model, mutations, edits } = input
  const whole = isObject(input.body) ? { ...input.body, model } : input.body
  const value = mutations.length > 0 ? mutate(whole, mutations) : whole
  const text = written(value)
  const bytes = bytesOf(edited(utf8(text), edits))
  const response = await server.fetch(post(path, bytes))
  requireThat(isTrue(response.status), () => `the status ${response.status} for ${text}`)
  const asked = edits.length > 0 ? parsed(Buffer.from(bytes).toString()) : value
  const { status } = response
  await judge(path, response, asked)
  // A response in the background has its entry when it ends.
  const isLogged = server.log.length === 1 || (value as Fields | null)?.background === true
  requireThat(isLogged, `${server.log.length} log entries`)
  if (status === 200 && edits.length === 0) checkSent(path, value, server.sent)
}

/** 501: the engine cannot do it. 503: there is no such model, or no engine for it. */
function isTrue(status: number): boolean {
  return status < 500 || status === 501 || status === 503
}

/** The value as JSON, with integers of any length. */
function written(value: unknown): string {
  const text = JSON.stringify(value) ?? ''
  return text.replace(new RegExp(`"${INTEGER}(-?\\d+)"`, 'g'), '$1')
}

/** The reverse of `written`. */
function parsed(text: string): unknown {
  try {
    const exact = (_key: string, value: unknown, context?: { source?: string }) =>
      typeof value === 'number' &&
      !Number.isSafeInteger(value) &&
      /^-?\d+$/.test(context?.source ?? '')
        ? INTEGER + context?.source
        : value
    return JSON.parse(text, exact as never)
  } catch {
    return undefined
  }
}

type Fields = Record<string, unknown>

const FORWARDED: Record<string, string> = {
  '/v1/chat/completions': '/chat/completions',
  '/v1/completions': '/completions',
  '/v1/embeddings': '/embeddings',
}

/** An engine with the API that was asked gets every field as it came. */
function checkSent(path: string, asked: unknown, sent: Sent[]): void {
  const { by, body } = sent.at(-1) ?? { by: 'own', body: {} }
  if (sent.length === 0) return
  requireEqual(sent.length, 1, 'requests that reached an engine')
  if (FORWARDED[path] === undefined) return
  // An engine that is called gets numbers of JavaScript, in which long integers have lost digits.
  const read = by === 'gpu' ? parsed : (text: string): unknown => JSON.parse(text)
  const got = read(typeof body === 'string' ? body : JSON.stringify(body)) as Fields
  const expected = read(written(asked)) as Fields
  const { stream_options: told, model: used, ...rest } = got
  const { stream_options: asks, model: named, ...others } = expected
  requireEqual(rest, others, `the body that ${by} got of ${shown(asked)}`)
  if (named) requireEqual(used, named, 'the model')
  // sluice itself asks an upstream for usage.
  const added = by === 'gpu' && expected.stream === true ? { include_usage: true } : {}
  if (asks !== undefined || told !== undefined) {
    requireEqual({ ...(told as object) }, { ...(asks as object), ...added }, 'the stream options')
  }
}

async function checkHeaders(
  server: ServerUnderTest,
  { path, headers }: Extract<RequestsInput, { kind: 'headers' }>,
): Promise<void> {
  const body = {
    model: 'own',
    messages: [{ role: 'user', content: 'Hi' }],
    input: 'a',
    prompt: 'a',
    max_tokens: 5,
  }
  let request: Request
  try {
    request = post(path, bytesOf(JSON.stringify(body)), headers)
  } catch {
    // Not every text can be a header.
    return
  }
  const response = await server.fetch(request)
  requireThat(isTrue(response.status), `the status ${response.status}`)
  await judge(path, response, body)
}

async function checkRoute(
  server: ServerUnderTest,
  { method, path, query }: Extract<RequestsInput, { kind: 'route' }>,
): Promise<void> {
  const stored = path.includes('STORED') ? await storeResponse(server) : ''
  const search = query.length > 0 ? `?${new URLSearchParams(query)}` : ''
  const url = URL.parse(`http://sluice.localhost${path.replace('STORED', stored)}${search}`)
  if (url === null) return
  const response = await server.fetch(new Request(url, { method }))
  const { status } = response
  requireThat(isTrue(status), `the status ${status}`)
  const text = await response.text()
  if (status >= 400 && method !== 'HEAD') judgeError(url.pathname, response, text)
}

async function storeResponse(server: ServerUnderTest): Promise<string> {
  const body = bytesOf(JSON.stringify({ model: 'own', input: 'Hi' }))
  const response = await server.fetch(post('/v1/responses', body))
  return ((await response.json()) as { id: string }).id
}

function post(path: string, body: Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) {
  const all = { 'content-type': 'application/json', ...headers }
  return new Request(`http://sluice.localhost${path}`, { method: 'POST', headers: all, body })
}
