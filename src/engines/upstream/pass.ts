/** Forwards requests to an upstream, and its answers, without knowing their API. */
import type { Fetched } from '../../platform/fetch.ts'
import { engineStopped } from '../../stream/engine-stop.ts'
import type { PassedAnswer, PassedForm } from '../../stream/passed-answer.ts'
import { PassedReader } from '../../stream/passed-reader.ts'
import { isObject } from '../../util/object.ts'
import { ApiError } from '../../wire/errors/api-error.ts'
import { EngineErrors } from '../../wire/errors/engine-errors.ts'
import { readError } from '../../wire/errors/reported-error.ts'
import { passedUsage } from '../../wire/pass-through/usage.ts'
import type { CallOptions, Model, PassCall } from '../engine.ts'
import { linkedController } from './abort.ts'
import type { UpstreamClient } from './client.ts'
import { MissingPaths } from './count-tokens.ts'
import {
  CHECK_ADDRESS,
  forwardedHeaders,
  isJson,
  mediaType,
  readJson,
  wrongFormat,
} from './json-body.ts'
import type { ModelNames } from './model-names.ts'

/** An upstream as the receiver of forwarded requests. Its methods need no `this`: an upstream has them. */
export class PassThrough {
  readonly #client: UpstreamClient
  readonly #names: ModelNames
  readonly #listed: () => readonly Model[] | undefined
  readonly #missing = new MissingPaths()

  /** `listed`: the server's models as it names them, undefined before it has listed them. */
  constructor(
    client: UpstreamClient,
    names: ModelNames,
    listed: () => readonly Model[] | undefined,
  ) {
    this.#client = client
    this.#names = names
    this.#listed = listed
  }

  /** Whether the server has lately said that it has none of the paths. */
  readonly lacks = (call: PassCall, model: string | undefined): boolean => {
    const own = this.#ownName(model)
    return call.paths(own).every((path) => this.#lacksPath(own, keyOf(call, path)))
  }

  /** A router lacks a path where none of its models has it. */
  #lacksPath(own: string | undefined, key: string): boolean {
    if (this.#missing.has(own, key)) return true
    const all = own === undefined ? (this.#listed() ?? []) : []
    return all.length > 0 && all.every(({ id }) => this.#missing.has(id, key))
  }

  /** See `Engine.pass`. */
  readonly pass = async (
    call: PassCall,
    model: string | undefined,
    signal: AbortSignal,
    { hops, trace, tapped }: CallOptions = {},
  ): Promise<PassedAnswer> => {
    const own = this.#ownName(model)
    const body = call.body?.(own)
    const init = { method: call.method, ...(body && { body }) }
    for (const path of call.paths(own)) {
      if (this.#missing.has(own, keyOf(call, path))) continue
      const control = linkedController(signal)
      const carried = { hops, trace, tapped, headers: call.headers, signal: control.signal }
      const response = await this.#client.send(path, init, carried)
      try {
        const accepted = await this.#client.accepted(response)
        const answer = await this.#read(accepted, call, control)
        return { ...answer, status: response.status, headers: passedHeaders(response) }
      } catch (error) {
        engineStopped(control.signal)
        control.abort(error)
        const isFound = call.namesFile || !isMissingPath(error, this.#client.label)
        if (isFound) throw notCapable(error)
        this.#missing.add(own, keyOf(call, path))
      }
    }
    throw noSuchRoute(this.#client.label, call)
  }

  #ownName(model: string | undefined): string | undefined {
    return this.#names.renamed({ model }).model
  }

  async #read(response: Fetched, call: PassCall, control: AbortController) {
    const { label, secrets } = this.#client
    const errors = new EngineErrors({ label, secrets })
    const type = mediaType(response)
    const form = formOf(type, call.answers)
    const wanted = `an answer to ${call.method} ${call.shownPath}`
    if (call.method === 'HEAD') return empty()
    if (await isEmpty(response, type)) {
      // What is heard in silence is an empty text.
      if (call.isManagement || form === 'bytes' || BODILESS.includes(response.status))
        return empty()
      throw errors.invalid(`answered with nothing instead of ${wanted}; ${CHECK_ADDRESS}`)
    }
    if (isJson(type)) return readWhole(response, label, errors)
    const { body } = response
    if (form === undefined || body === null) {
      await body?.cancel().catch(() => {})
      throw wrongFormat(type, wanted, errors)
    }
    const reader = new PassedReader(form, body, control, errors)
    return {
      kind: 'passed' as const,
      form,
      contract: reader.counts,
      next: () => reader.next(),
    }
  }
}

const empty = () => ({ kind: 'whole' as const, json: '', repaired: [] })

/**
 * Whether an answer has no body, as far as that can be known without reading a body that is forwarded:
 * one without a type is read. Ollama sends nothing, and hence no type, where it has done what was asked.
 */
async function isEmpty({ status, headers, body }: Fetched, type: string): Promise<boolean> {
  if (body === null) return true
  if (BODILESS.includes(status) || headers.get('content-length') === '0') {
    await body.cancel().catch(() => {})
    return true
  }
  if (type !== '') return false
  const reader = body.getReader()
  const { done, value } = await reader.read().catch(() => ({ done: false, value: undefined }))
  if (value !== undefined) reader.onTaken?.(value)
  if (!done) await reader.cancel().catch(() => {})
  return done
}

async function readWhole(response: Fetched, label: string, errors: EngineErrors) {
  const { json, value } = await readJson(response, label)
  // LM Studio says so of every path that it does not know, with 200.
  if (isObject(value) && /^Unexpected endpoint/.test(String(value.error))) {
    throw new ApiError(404, 'Not Found', { evidence: 'answered' })
  }
  if (isObject(value) && value.error) {
    throw errors.failed(readError(value) ?? { message: 'no reason given' })
  }
  const usage = passedUsage(value)
  return { kind: 'whole' as const, json, repaired: [], ...(usage && { usage }) }
}

/** Statuses whose answers have no body. */
const BODILESS = [204, 205]

/** How an answer of this type is divided; undefined for a type that is not forwarded. */
function formOf(type: string, answers: readonly string[]): PassedForm | undefined {
  if (type === 'text/event-stream') return 'events'
  if (/^application\/(?:x-)?(?:ndjson|jsonl|json-?lines)$/.test(type)) return 'lines'
  const isAnswer = answers.some((each) => {
    return each.endsWith('/*') ? type.startsWith(each.slice(0, -1)) : type === each
  })
  return isAnswer ? 'bytes' : undefined
}

function keyOf({ method }: PassCall, path: string): string {
  return method === 'POST' ? path : `${method} ${path}`
}

/** Codes of servers for a path that they do not have, where their words say nothing else. */
const MISSING_CODES: readonly unknown[] = [null, 'not_found']

/** What servers and their frameworks say of a path that they do not have, whatever was sent. */
const GENERIC = [
  /^(?:404 )?(?:(?:file|page|endpoint) )?not found\W*$/i,
  // The title and the heading of a page.
  /^404 not found 404 not found(?: nginx\S*)?$/i,
  /^cannot (?:get|post) \S+$/i,
  /^invalid url \((?:get|post) \S+\)$/i,
  // KoboldCpp.
  /^error: .{0,60} this endpoint does not exist\b/i,
]

/**
 * Whether a server refused because it has no such path. Its answer to one request must not close the path
 * to others: a 404 may be for a voice, a file or a model that only this request names.
 */
function isMissingPath(error: unknown, label: string): error is ApiError {
  if (!(error instanceof ApiError)) return false
  const { status, code, message } = error
  if (status === 405) return true
  if (status !== 404) return false
  if (code === 'unknown_url') return true
  // So begins what sluice says of an answer that is no error in JSON.
  const own = `${label} answered 404`
  const words = message.startsWith(own) ? message.slice(own.length).replace(/^: /, '') : message
  return MISSING_CODES.includes(code) && (words === '' || GENERIC.some((each) => each.test(words)))
}

/** A server's 501 says that it lacks the feature, or only what this request asks of it: see `failureKind`. */
function notCapable(error: unknown): unknown {
  if (!(error instanceof ApiError) || error.status !== 501) return error
  const { type, message, param, headers } = error
  const details = { code: 'model_not_capable', evidence: 'answered' } as const
  return new ApiError(501, message, { ...details, type, param, headers })
}

/** Its status lets another engine be asked, and its evidence says that this one works. */
function noSuchRoute(label: string, call: PassCall): ApiError {
  const advice = call.isManagement
    ? 'update that Ollama, or name another one with ?upstream=LABEL'
    : 'name a model of a server that does, or run one'
  const message = `model: ${label} does not offer ${call.method} ${call.shownPath}; ${advice}.`
  const details = { code: 'model_not_capable', param: 'model', evidence: 'answered' } as const
  return new ApiError(404, message, details)
}

/** The headers of an answer that a client gets. A transcription is sent as plain text, also if the server calls it HTML. */
function passedHeaders(response: Fetched): Record<string, string> {
  const given = response.headers.get('content-type')
  const type = mediaType(response) === 'text/html' ? 'text/plain; charset=utf-8' : given
  return { ...forwardedHeaders(response), ...(type && { 'content-type': type }) }
}
