/** Reads an upstream's answer in an API that it serves natively. */
import type { Fetched } from '../../platform/fetch.ts'
import { readFrames, readLines } from '../../stream/body-reader.ts'
import type { NativeStream } from '../../stream/chat-stream.ts'
import type { ContractOptions } from '../../wire/contract/chat.ts'
import { EngineErrors } from '../../wire/errors/engine-errors.ts'
import { stringifyExact } from '../../wire/json/exact-integers.ts'
import type { NativeCall } from '../../wire/native.ts'
import { detectFormat } from './answer-format.ts'
import { mediaType, readJson, wrongFormat } from './json-body.ts'

/** Rejects with an `ApiError` (502) where the answer is not in the requested format. */
export async function readNative(
  response: Fetched,
  call: NativeCall,
  options: ContractOptions,
  control: AbortController,
): Promise<NativeStream> {
  const streams = call.body.stream === true
  if (streams && call.form === 'lines') return readLineStream(response, call, options, control)
  const errors = new EngineErrors(options)
  const answer = await detectFormat(response, streams)
  const { body } = answer.response
  if (answer.format !== (streams ? 'events' : 'json') || (streams && body === null)) {
    throw wrongFormat(mediaType(response), streams ? 'a stream' : 'JSON', errors)
  }
  if (streams && body !== null) {
    const contract = call.contract(options)
    if (answer.hasWrongType) contract.repaired.add('content_type')
    return { kind: 'frames', contract, ...readFrames(body, contract, control, false, true) }
  }
  const { json, value } = await readJson(answer.response, options.label)
  const { model, usage, isChanged, ...checked } = call.check(value, errors)
  const repaired = [...checked.repaired, ...(answer.hasWrongType ? ['content_type'] : [])]
  const text = isChanged || repaired.length > 0 ? stringifyExact(value, json) : json
  return { kind: 'whole', json: text, model, ...(usage && { usage }), repaired }
}

/** An error before the first line has a status of its own, so that any other answer is a stream. */
function readLineStream(
  response: Fetched,
  call: NativeCall,
  options: ContractOptions,
  control: AbortController,
): NativeStream {
  const type = mediaType(response)
  const { body } = response
  if (body === null || type === 'text/html' || type === 'text/event-stream') {
    throw wrongFormat(type, 'a stream of JSON lines', new EngineErrors(options))
  }
  const contract = call.contract(options)
  return { kind: 'frames', contract, ...readLines(body, contract, control) }
}
