/** An upstream's answer in an API that it speaks itself. */
import type { Fetched } from '../host.ts'
import type { NativeStream } from '../stream/chat-stream.ts'
import { readFrames } from '../stream/read.ts'
import type { ContractOptions } from '../wire/contract.ts'
import { EngineErrors } from '../wire/engine-errors.ts'
import type { NativeCall } from '../wire/native.ts'
import { essence, isJson, readJson } from './upstream-body.ts'

/** Reads it in the form that was asked for. Rejects with an `ApiError` (502) where it is another. */
export async function readNative(
  response: Fetched,
  call: NativeCall,
  options: ContractOptions,
  control: AbortController,
): Promise<NativeStream> {
  const type = essence(response)
  const came = type === '' ? 'an answer of no type' : type
  const errors = new EngineErrors(options)
  if (call.body.stream) {
    if (type !== 'text/event-stream' || response.body === null) {
      throw errors.invalid(`answered with ${came} instead of a stream`)
    }
    const contract = call.contract(options)
    return {
      kind: 'frames',
      contract,
      ...readFrames(response.body, contract, control, false, true),
    }
  }
  if (!isJson(type)) throw errors.invalid(`answered with ${came} instead of JSON`)
  const { json, value } = await readJson(response, options.label)
  const { model, usage, mended, isChanged } = call.judge(value, errors)
  const text = isChanged || mended.length > 0 ? JSON.stringify(value) : json
  return { kind: 'whole', json: text, model, ...(usage && { usage }), mended }
}
