// The requests that SDKs send, kept so that a host can be asked the same without any SDK.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect } from 'vitest'
import type { HostName } from '../../support/hosts.ts'
import { type Relay, useRelay } from '../../support/relay.ts'
import type { Scripted } from '../../support/script.ts'
import { STAGES, type Stage } from './stages.ts'

/** One request of an SDK, and what a later one may refer to of its answer. */
export interface SdkRequest {
  stage: Stage
  method: string
  /** Path and query. */
  path: string
  headers: Record<string, string>
  body?: string
  /** What the upstream played, where the request does not bring it. */
  script?: Scripted
  /** The ids in the answer, in the order in which they came. */
  ids: string[]
  /** The client left before the answer's end. */
  left?: true
}

const file = join(import.meta.dirname, 'requests.jsonl')

/** Set by whoever wants the requests recorded anew, as after an SDK's update. */
const isRecording = process.env.SLUICE_TEST_RECORD_REQUESTS !== undefined

/** Every recorded request, in the order in which they were sent. */
export function recordedRequests(): SdkRequest[] {
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  return lines.map((line) => JSON.parse(line) as SdkRequest)
}

/** Ids as sluice, the scripted upstream and SDKs make them: they differ each time. */
const ID =
  /\b(?:[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}|(?:resp|msg|rs|fc|ctc|in|call|toolu|item|chatcmpl|cmpl|req|run)[-_](?=[\w-]*\d)[\w-]+)/g

/** The ids in a text, each once, in the order in which they come. */
export function idsIn(text: string): string[] {
  return [...new Set(text.match(ID))]
}

/** What of a request is the same each time. */
function keyOf({ stage, method, path, body = '' }: SdkRequest): string {
  return [stage, method, path, body].join(' ').replaceAll(ID, 'ID')
}

/**
 * A relay for tests that run SDKs. Each of their requests has to be among the recorded ones, so that
 * what the other hosts are asked is what SDKs send; or it is recorded.
 */
export function useStage(host: HostName, stage: Stage): Relay {
  const relay = useRelay(host, STAGES[stage])
  const seen: SdkRequest[] = []
  let send = globalThis.fetch
  beforeAll(() => {
    // Another stage of the same tests may listen already.
    send = globalThis.fetch
    globalThis.fetch = async (input, init) => {
      const url = URL.parse(input instanceof Request ? input.url : String(input))
      if (url?.origin !== relay.server.url) return send(input, init)
      const request = describe(stage, url, init, relay)
      seen.push(request)
      const response = await send(input, init)
      return isRecording ? watched(response, request) : response
    }
  })
  afterAll(() => {
    globalThis.fetch = send
    if (isRecording) return keep(stage, seen)
    const known = new Set(recordedRequests().map(keyOf))
    const unknown = seen.filter((request) => !known.has(keyOf(request)))
    expect(unknown.map(keyOf), 'SDKs send something new: npm run test:record').toEqual([])
  })
  return relay
}

function describe(stage: Stage, url: URL, init: RequestInit | undefined, relay: Relay): SdkRequest {
  const headers = Object.fromEntries(
    [...new Headers(init?.headers)].filter(([name]) => !/^(user-agent|x-stainless)/.test(name)),
  )
  const { script } = relay.upstream
  return {
    stage,
    method: init?.method ?? 'GET',
    path: url.pathname + url.search,
    headers,
    ...(typeof init?.body === 'string' && { body: init.body }),
    ...(typeof script === 'object' && { script }),
    ids: [],
  }
}

/** The same response, of which it is noted what ids came and whether it was read to its end. */
function watched(response: Response, request: SdkRequest): Response {
  let text = ''
  request.left = true
  const decoder = new TextDecoder()
  const watch = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(part, controller) {
      text += decoder.decode(part, { stream: true })
      request.ids = idsIn(text)
      controller.enqueue(part)
    },
    flush() {
      delete request.left
    },
  })
  return new Response(response.body?.pipeThrough(watch) ?? null, response)
}

function keep(stage: Stage, seen: SdkRequest[]): void {
  const others = recordedRequests().filter((request) => request.stage !== stage)
  const found = new Map(seen.map((request) => [keyOf(request), request]))
  // A later request refers to an earlier one of this API: there none may be left out.
  const isApart = stage.startsWith('responses') || stage.endsWith('agent')
  const all = [...others, ...(isApart ? seen : found.values())]
  const sorted = all.toSorted((a, b) => order(a) - order(b))
  writeFileSync(file, sorted.map((request) => `${JSON.stringify(request)}\n`).join(''))
}

function order({ stage }: SdkRequest): number {
  return Object.keys(STAGES).indexOf(stage)
}
