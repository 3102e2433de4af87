/**
 * A stored response as text. Its items come first, so that it is known where each is: one item is read without
 * the rest.
 */

import { isObject } from '../../util/object.ts'
import { parseJson } from '../../util/parse-json.ts'
import type { Steps } from '../../util/slices.ts'
import { utf8Length } from '../../util/utf8-length.ts'
import type { ResponseItem } from '../../wire/responses/request.ts'
import type { StoredResponse } from '../response-store.ts'

export interface ResponseText {
  text: string
  bytes: number
  ids: string[]
  /** Of each id: the numbers of its first and last byte, with a space between. */
  places: string[]
}

/** Bytes that are written in one step. */
const STEP = 16_384

/** In steps, between which other work may run: a conversation of 4 MB takes Node 10 ms. */
export function* encodeInSteps({ response, input }: StoredResponse): Steps<ResponseText> {
  const places = new Map<string, string>()
  let text = '{"input":['
  let bytes = text.length
  const add = (more: string) => {
    text += more
    bytes += utf8Length(more)
  }
  let step = STEP
  function* addItems(items: readonly ResponseItem[]): Steps<void> {
    for (const [index, item] of items.entries()) {
      if (index > 0) add(',')
      const json = JSON.stringify(item)
      const first = bytes
      add(json)
      // The first one of an id is found, as in memory.
      if (!places.has(item.id)) places.set(item.id, `${first} ${bytes - 1}`)
      if (bytes < step) continue
      step = bytes + STEP
      yield
    }
  }
  yield* addItems(input)
  add('],"output":[')
  yield* addItems(response.output as ResponseItem[])
  // Its place among the fields is kept: a client is sent the same bytes again.
  add(`],"response":${JSON.stringify({ ...response, output: [] })}}`)
  return { text, bytes, ids: [...places.keys()], places: [...places.values()] }
}

/** Throws where it is none. */
export function decodeResponse(text: string): StoredResponse {
  const value: unknown = parseJson(text)
  if (!isObject(value) || !Array.isArray(value.input) || !isObject(value.response)) {
    throw new TypeError('state.responses: expected a stored response, got something else.')
  }
  const response = { ...value.response, output: value.output } as StoredResponse['response']
  return { response, input: value.input as ResponseItem[] }
}
