/** The captures that sluice has in memory, for admins. */

import { CAPTURE_RULES, readCaptureRule, unknownName } from '../settings/capture-rule.ts'
import type { Captures } from '../telemetry/captures/captures.ts'
import { recordingText } from '../telemetry/captures/recorded.ts'
import { isObject } from '../util/object.ts'
import { quoted } from '../util/safe/quoted.ts'
import { VERSION } from '../version.ts'
import { ApiError, badRequest } from '../wire/errors/api-error.ts'
import { readBody } from './exchange.ts'
import { jsonResponse } from './json.ts'
import { SAME_ORIGIN } from './policy.ts'
import { provided } from './provided.ts'
import type { RouteContext, RouteHandler } from './route.ts'
import { sourcesOf } from './telemetry-sources.ts'

/** No proxy or cache may store prompts and answers, and no page of another site may load them. */
const PRIVATE = { 'cache-control': 'no-store', ...SAME_ORIGIN }

/** `GET /v1/captures`: what is captured, and what there is of it, the newest first. */
export const listCaptures: RouteHandler = async (_request, _trace, { telemetry }) => {
  return listOf(capturesOf(telemetry))
}

/** `POST /v1/captures`: changes what is captured. Rejects with an `ApiError` (400). */
export const changeCaptures: RouteHandler = async (request, trace, context) => {
  const { telemetry } = context
  const body = await readBody(request, trace, context)
  const rule = isObject(body) ? body.capture : undefined
  if (typeof rule === 'string') requireKnown(rule, context)
  if (typeof rule === 'string' && capturesOf(telemetry).change(rule))
    return listOf(capturesOf(telemetry))
  const came = typeof rule === 'string' ? quoted(rule) : rule === undefined ? 'none' : typeof rule
  throw badRequest(
    `capture: expected ${CAPTURE_RULES}, got ${came}; send {"capture": "all"}, for example.`,
    'capture',
  )
}

function capturesOf({ captures }: RouteContext['telemetry']): Captures {
  return provided(captures)
}

/** Throws an `ApiError` (400) for a key or an engine that there is not: nothing would ever be captured. */
function requireKnown(text: string, context: RouteContext): void {
  const rule = readCaptureRule(text)
  if (rule === undefined) return
  const wrong = unknownName(rule, { key: keyNames(context), engine: engineLabels(context) })
  if (wrong === undefined) return
  const where = rule.kind === 'key' ? 'the setting keys' : 'GET /health'
  throw badRequest(`capture: ${wrong}; ${where} has them all.`, 'capture')
}

/** Undefined where the program says who its callers are: then any name may come. */
function keyNames({ settings: { keys }, hasSeveralCallers }: RouteContext): string[] | undefined {
  if (keys.length < 2 && hasSeveralCallers) return undefined
  return keys.map(({ name }) => name)
}

function engineLabels(context: RouteContext): string[] {
  return sourcesOf(context)
    .engines()
    .map(({ label }) => label)
}

/** `GET /v1/captures/:id`: a recording, of what the client was sent or, with `side=engine`, of what an engine sent. */
export const retrieveCapture: RouteHandler = async (
  { params, url },
  _trace,
  { telemetry, hostName },
) => {
  const id = String(params.id)
  const capture = capturesOf(telemetry).find(id)
  if (capture === undefined) throw unknown(id)
  const side = new URL(url).searchParams.get('side') ?? 'client'
  if (side !== 'client' && side !== 'engine') {
    const expected = 'expected client or engine'
    throw badRequest(`side: ${expected}, got ${quoted(side)}; leave it out for the client.`, 'side')
  }
  const text = recordingText(capture, side, `sluice ${VERSION}${hostName ? ` on ${hostName}` : ''}`)
  if (text === undefined) throw withoutBytes(capture.summary.engine)
  return new Response(text, {
    headers: {
      ...PRIVATE,
      'content-type': 'application/x-ndjson; charset=utf-8',
      'content-disposition': `attachment; filename="${id}${side === 'engine' ? '-engine' : ''}.jsonl"`,
      'x-content-type-options': 'nosniff',
    },
  })
}

/** `DELETE /v1/captures/:id` */
export const deleteCapture: RouteHandler = async ({ params }, _trace, { telemetry }) => {
  const id = String(params.id)
  if (!capturesOf(telemetry).delete(id)) throw unknown(id)
  return jsonResponse({ id, object: 'capture.deleted', deleted: true })
}

/** `DELETE /v1/captures`: deletes all of them; what is captured does not change. */
export const deleteCaptures: RouteHandler = async (_request, _trace, { telemetry }) => {
  capturesOf(telemetry).clear()
  return listOf(capturesOf(telemetry))
}

function listOf({ rule, all, count, bytes, missed }: Captures): Response {
  const data = all.map(({ summary }) => summary)
  return jsonResponse({ object: 'list', rule, count, bytes, missed, data }, { headers: PRIVATE })
}

function unknown(id: string): ApiError {
  const message = `id: expected the id of a capture that is in memory, got ${quoted(id)}; GET /v1/captures lists them.`
  return new ApiError(404, message, { code: 'not_found', param: 'id' })
}

function withoutBytes(engine: string | null): ApiError {
  const why = engine === null ? 'no engine was asked' : `${engine} was not asked over HTTP`
  const message = `side: expected client, since ${why}, got engine; leave it out for what the client was sent.`
  return new ApiError(404, message, { code: 'not_found', param: 'side' })
}
