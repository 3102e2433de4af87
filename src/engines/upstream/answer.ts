/** An upstream's answer in the API that it was asked in. */
import type { Fetched } from '../../platform/fetch.ts'
import { readChunks, readFrames } from '../../stream/body-reader.ts'
import type { AnswerStream, AnyContract, ChunkOf, WholeAnswer } from '../../stream/chat-stream.ts'
import type { Usage } from '../../wire/chat/request.ts'
import type { ContractOptions, StreamContract } from '../../wire/contract/chat.ts'
import { stringifyExact } from '../../wire/json/exact-integers.ts'
import { detectFormat } from './answer-format.ts'
import { mediaType, readJson, wrongFormat } from './json-body.ts'
import { type GenerationRequest, wantsUsage } from './request-variants.ts'

/** How something is asked for, and what its answer is held to. */
export interface Protocol<C extends AnyContract> {
  path: string
  contract(options: ContractOptions): C
  /** Judges an answer that came whole. Returns what it repaired. */
  check(value: unknown, contract: C): string[]
  asChunks: boolean
  /** Fields that a server which refuses the request is asked again without. */
  optionalFields?: readonly string[]
  /** The sluices that the request has passed. */
  hops?: readonly string[] | undefined
}

/** Reads it in the form that it has. Rejects with an `ApiError` (502) where that is not to be used. */
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
    const came = await readJson(answer.response, options.label)
    return readJsonAnswer(came, streams, protocol, contract)
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
  if (streams) throw contract.errors.invalid('answered with JSON instead of a stream')
  const { model, usage } = value as { model: string; usage?: Usage | null }
  const text = repaired.length > 0 ? stringifyExact(value, json) : json
  return { kind: 'whole', json: text, model, ...(usage && { usage }), repaired }
}
