/** Reads an upstream's answer to a chat or text completion. */
import type { Fetched } from '../../platform/fetch.ts'
import { readChunks, readFrames } from '../../stream/body-reader.ts'
import type { AnswerStream, AnyContract, ChunkOf, WholeAnswer } from '../../stream/chat-stream.ts'
import type { Usage } from '../../wire/chat/request.ts'
import type { ContractOptions, StreamContract } from '../../wire/contract/chat.ts'
import { stringifyExact } from '../../wire/json/exact-integers.ts'
import type { CallOptions } from '../engine.ts'
import { detectFormat } from './answer-format.ts'
import { mediaType, readJson, wrongFormat } from './json-body.ts'
import { type GenerationRequest, wantsUsage } from './request-variants.ts'

/** How one API of an upstream is requested, and the contract of its answer. */
export interface Protocol<C extends AnyContract> {
  path: string
  contract(options: ContractOptions): C
  /** Checks and repairs a complete answer in place. Returns the names of the repairs. */
  check(value: unknown, contract: C): string[]
  asChunks: boolean
  /** Fields that are left out in a second attempt where the server refuses the request. */
  optionalFields?: readonly string[]
  call: CallOptions
}

/** Reads an answer in either format. Rejects with an `ApiError` (502) where it is neither. */
export async function readAnswer<C extends AnyContract>(
  response: Fetched,
  request: GenerationRequest,
  control: AbortController,
  protocol: Protocol<C>,
  options: ContractOptions,
): Promise<AnswerStream<C>> {
  const streams = request.stream === true
  const contract = protocol.contract({ ...options, usage: !streams || wantsUsage(request) })
  const answer = await detectFormat(response, streams)
  const { body } = answer.response
  if (answer.format === 'other') {
    throw wrongFormat(mediaType(response), streams ? 'a stream' : 'JSON', contract.errors)
  }
  if (answer.hasWrongType) contract.repaired.add('content_type')
  if (answer.format === 'json' || body === null) {
    const received = await readJson(answer.response, options.label)
    return readJsonAnswer(received, streams, protocol, contract)
  }
  if (streams && !protocol.asChunks) {
    return { kind: 'frames', contract, ...readFrames(body, contract, control, true) }
  }
  if (!streams) contract.repaired.add('stream')
  const items = readChunks(body, contract as StreamContract<ChunkOf<C>>, control)
  return { kind: 'chunks', contract, items }
}

function readJsonAnswer<C extends AnyContract>(
  { json, value }: { json: string; value: unknown },
  streams: boolean,
  { check }: Protocol<C>,
  contract: C,
): WholeAnswer {
  const repaired = check(value, contract)
  if (streams)
    throw contract.errors.invalid(
      'answered with JSON instead of a stream; request it with stream: false',
    )
  const { model, usage } = value as { model: string; usage?: Usage | null }
  const text = repaired.length > 0 ? stringifyExact(value, json) : json
  return { kind: 'whole', json: text, model, ...(usage && { usage }), repaired }
}
