import { completionScript } from './completions.ts'
import { embeddingScript } from './embeddings.ts'
import { passScript } from './pass-through.ts'
import { errorScript } from './personas/errors.ts'
import {
  type ChatBody,
  type Model,
  type PersonaName,
  personaOf,
  personaScript,
} from './personas.ts'
import type { Script, Scripted } from './script.ts'
import type { Answering, RecordedRequest, UpstreamOptions } from './upstream.ts'

export interface Offer {
  models: Model[]
  script: Scripted | Answering | undefined
  counts: UpstreamOptions['counts']
  passes?: UpstreamOptions['passes']
  facts?: UpstreamOptions['facts']
}

export function chooseScript(record: RecordedRequest, offer: Offer, persona: PersonaName): Script {
  const { pathname: path, searchParams: query } = new URL(record.path, 'http://upstream')
  const { method, body } = record
  const fact = offer.facts?.({ method, path, query, body })
  if (fact) return json(fact.status ?? 200, fact.body)
  if (record.method === 'GET' && path === '/v1/models') {
    return json(200, { object: 'list', data: offer.models })
  }
  if (record.method === 'GET' && path.startsWith('/v1/models/')) {
    const id = decodeURIComponent(path.slice('/v1/models/'.length))
    const model = offer.models.find((entry) => entry.id === id)
    return model
      ? json(200, model)
      : personaScript({ persona, error: 'model_not_found' }, { model: id })
  }
  if (offer.passes?.includes(path)) return passScript(record, path)
  if (record.method === 'POST' && path === '/v1/chat/completions') {
    return chatScript(record.body, offer, persona)
  }
  if (record.method === 'POST' && path === '/v1/completions') return textScript(record.body, offer)
  if (record.method === 'POST' && path === '/v1/embeddings') {
    const { script } = offer
    return script && typeof script !== 'function' && 'steps' in script
      ? script
      : embeddingScript(record.body as object)
  }
  if (record.method === 'POST' && (path === '/v1/messages' || path === '/v1/responses')) {
    const scripted = scriptOf(record.body as ChatBody, offer)
    if (scripted && 'steps' in scripted) return withContentType(scripted, record.body as ChatBody)
  }
  if (record.method === 'POST' && (path === '/api/chat' || path === '/api/generate')) {
    const scripted = scriptOf(record.body as ChatBody, offer)
    if (scripted && 'steps' in scripted) return scripted
  }
  const counted = record.method === 'POST' && counting(path, record.body as ChatBody, offer.counts)
  return counted ? json(200, counted) : json(404, { detail: 'Not Found' })
}

/** As the servers answer, each at the paths that it has. */
function counting(path: string, body: ChatBody, server: UpstreamOptions['counts']) {
  const words = (JSON.stringify(body.messages ?? body.content) ?? '').match(/\w+/g) ?? []
  const at = `${server} ${path}`
  if (at === 'messages /v1/messages/count_tokens') return { input_tokens: words.length }
  if (at === 'vllm /tokenize' && body.messages) return { count: words.length, tokens: [1] }
  if (at === 'llamaServer /apply-template') return { prompt: `<s>${JSON.stringify(body.messages)}` }
  // It takes any body, and one without a content for an empty text.
  if (at === 'llamaServer /tokenize') return { tokens: body.content ? words : [] }
  return undefined
}

function scriptOf(body: ChatBody, { script }: Offer): Scripted | undefined {
  return body.script ?? (typeof script === 'function' ? script(body) : script)
}

function textScript(body: unknown, offer: Offer): Script {
  const request = body as ChatBody
  const scripted = scriptOf(request, offer)
  if (scripted && 'steps' in scripted) return withContentType(scripted, request)
  // Of a persona's chat only its refusals are a completion's, too.
  const isRefused = scripted && 'persona' in scripted && scripted.error
  return isRefused ? personaScript(scripted, request) : completionScript(request)
}

function chatScript(body: unknown, offer: Offer, persona: PersonaName): Script {
  if (typeof body !== 'object' || body === null) return errorScript('openai_not_json')
  const request = body as ChatBody
  const scripted = turnOf(scriptOf(request, offer), request)
  if (scripted && 'steps' in scripted) return withContentType(scripted, request)
  if (scripted) return personaScript(scripted, request)
  const speaker = personaOf(request.model) ?? persona
  const takesAnyName = speaker === 'llamaServer' || speaker === 'lmStudio'
  const known = takesAnyName || offer.models.some((model) => model.id === request.model)
  return personaScript(
    known ? { persona: speaker } : { persona: speaker, error: 'model_not_found' },
    request,
  )
}

/** What is played to this request, of scripts that have a part for each turn. */
function turnOf(scripted: Scripted | undefined, { messages }: ChatBody) {
  if (scripted === undefined || !('turns' in scripted)) return scripted
  const said = (messages as { role: string }[]).filter(({ role }) => role === 'assistant')
  const turn = scripted.turns[said.length]
  if (turn === undefined) throw new TypeError(`No turn ${said.length} is written.`)
  return turn
}

function withContentType(script: Script, request: ChatBody): Script {
  if (request.stream) return script
  return { ...script, headers: { 'content-type': 'application/json', ...script.headers } }
}

function json(status: number, body: object): Script {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    steps: [{ send: JSON.stringify(body) }],
  }
}
