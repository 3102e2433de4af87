/** What a client gets of an answer that tells how far a change of a server's models is. */

import type { Exchange } from '../../stream/exchange.ts'
import type { PassedStream } from '../../stream/passed-answer.ts'
import type { OpenedPass } from '../../stream/passed-response.ts'
import { concat } from '../../util/bytes.ts'
import { isObject } from '../../util/object.ts'
import { parseJson } from '../../util/parse-json.ts'
import { EngineErrors } from '../../wire/errors/engine-errors.ts'
import { decodeText } from '../../wire/sse/sse.ts'

/** Lists the models again when the server has changed them. */
export function withRefresh(opened: OpenedPass, refresh: () => unknown): OpenedPass {
  if (!('first' in opened)) {
    refresh()
    return opened
  }
  const { answer } = opened
  async function next() {
    const batch = await answer.next()
    if (batch === undefined) refresh()
    return batch
  }
  return { ...opened, answer: { ...answer, next } }
}

/**
 * The last line as the whole answer. Rejects with an `ApiError` (502) where that does not say that the
 * change was made.
 */
export async function endOf(
  opened: OpenedPass,
  exchange: Pick<Exchange, 'isStream'>,
  label: string,
): Promise<OpenedPass> {
  exchange.isStream = false
  const { answer } = opened
  if (answer.kind === 'whole' ? answer.json !== '' : answer.form !== 'lines') return opened
  const json = 'first' in opened ? await lastLine(opened.answer, opened.first) : undefined
  const value: unknown = json === undefined ? undefined : parseJson(json)
  if (json === undefined || !isObject(value) || value.status !== 'success') {
    const errors = new EngineErrors({ label })
    throw errors.unfinished('truncated', 'ended its answer before a line with status: success')
  }
  const headers = { ...answer.headers, 'content-type': 'application/json; charset=utf-8' }
  return { answer: { kind: 'whole', status: answer.status, headers, json, repaired: [] } }
}

async function lastLine(
  { next }: PassedStream,
  first: Uint8Array<ArrayBuffer>[] | undefined,
): Promise<string | undefined> {
  let last: string | undefined
  for (let batch = first; batch !== undefined; batch = await next()) {
    const text = decodeText(concat(batch)).trimEnd()
    last = text.slice(text.lastIndexOf('\n') + 1)
  }
  return last
}
