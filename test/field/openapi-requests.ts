/**
 * Asks sluice with requests that OpenAI's OpenAPI description allows, and tells which are refused:
 *
 *   node test/field/openapi-requests.ts SPEC.json [--seed N] [--count N] [--base URL] [--model NAME]
 *
 * SPEC.json is `openapi.json` of github.com/openai/openai-openapi. Without `--base` it asks a handler
 * of its own with the scripted upstream behind it. It ends with 1 where a chat, a completion or an
 * embedding was refused, or anything failed.
 */
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { createHostedHandler } from '../../src/handler.ts'
import { startUpstream } from '../support/upstream.ts'
import { random, Sampler, type Schema } from './sample.ts'

interface Spec {
  paths: Record<
    string,
    { post: { requestBody: { content: Record<string, { schema: Schema }> } } } | undefined
  >
}

type Ask = (path: string, body: object) => Promise<Response>

const PATHS = ['/chat/completions', '/completions', '/embeddings', '/responses']
/** Where nothing may be refused. */
const ACCEPTED = PATHS.slice(0, 3)
const TIMEOUT = 30_000

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '200' },
    base: { type: 'string' },
    model: { type: 'string', default: 'gpt-4.1-mini' },
  },
})
const [file] = positionals
if (file === undefined) throw new Error('Name the file of the description: openapi.json.')
const spec = JSON.parse(await readFile(file, 'utf8')) as Spec

/** A request of the description, for a model that there is, answered whole. */
function drawRequest(sampler: Sampler, path: string): Record<string, unknown> {
  const schema = spec.paths[path]?.post.requestBody.content['application/json']?.schema
  if (schema === undefined) throw new Error(`The description has no POST ${path}.`)
  const body = sampler.draw(schema) as Record<string, unknown>
  // Where an answer is kept and waited for by nobody is not what is asked here.
  delete body.background
  delete body.previous_response_id
  // `stream_options` may only be set together with a stream.
  delete body.stream_options
  // What nobody can answer, though the description lets it be empty or left out.
  const field = path === '/responses' ? 'input' : 'prompt'
  const { properties = {} } = sampler.resolve(schema)
  while (properties[field] && isEmpty(body[field])) body[field] = sampler.draw(properties[field])
  return { ...body, model: values.model, stream: false }
}

function isEmpty(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.length === 0)
}

/** The same refusal of different requests in the same words. */
function told(status: number, text: string): string {
  const { error } = JSON.parse(text) as { error?: { message?: string } }
  const message = error?.message ?? text
  return `${status} ${message.replace(/\[\d+\]/g, '[…]').slice(0, 200)}`
}

async function askAll(ask: Ask, path: string): Promise<boolean> {
  const sampler = new Sampler(spec, random(Number(values.seed)))
  const count = Number(values.count)
  const refusals = new Map<string, { times: number; body: object }>()
  let accepted = 0
  for (let at = 0; at < count; at++) {
    const body = drawRequest(sampler, path)
    const response = await ask(path, body)
    const text = await response.text()
    if (response.status === 200) accepted++
    else {
      const why = told(response.status, text)
      refusals.set(why, { body, times: (refusals.get(why)?.times ?? 0) + 1 })
    }
  }
  console.log(`${path}: ${accepted} of ${count} accepted`)
  const often = [...refusals].sort(([, one], [, other]) => other.times - one.times)
  for (const [why, { times, body }] of often) {
    console.log(`  ${times} × ${why}`)
    if (ACCEPTED.includes(path)) console.log(`      ${JSON.stringify(body).slice(0, 400)}`)
  }
  const hasFailed = often.some(([why]) => why.startsWith('5'))
  return !hasFailed && (!ACCEPTED.includes(path) || accepted === count)
}

const upstream = values.base === undefined ? await startUpstream({ persona: 'openai' }) : undefined
const handler =
  upstream &&
  createHostedHandler({ upstream: [upstream.url], discover: false }, { exposure: 'machine' })
const base = values.base ?? 'http://localhost/v1'
const ask: Ask = (path, body) => {
  const init = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(TIMEOUT),
  }
  return handler ? handler.fetch(new Request(base + path, init)) : fetch(base + path, init)
}
let isWell = true
for (const path of PATHS) if (!(await askAll(ask, path))) isWell = false
await upstream?.close()
process.exitCode = isWell ? 0 : 1
