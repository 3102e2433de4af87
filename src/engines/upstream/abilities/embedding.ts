import type { Fetched } from '../../../platform/fetch.ts'
import { checkEmbeddings } from '../../../wire/contract/embeddings-answer.ts'
import type { EmbeddingRequest } from '../../../wire/embeddings/request.ts'
import { EngineErrors } from '../../../wire/errors/engine-errors.ts'
import { fromOllamaAnswer, toOllamaRequest } from '../../../wire/ollama/embed.ts'
import type { EmbedOptions } from '../../engine.ts'
import type { Ability } from '../chat-upstream.ts'
import type { UpstreamCall } from '../client.ts'
import { mediaType, readJson, requireJson } from '../json-body.ts'
import { servesOllama } from '../ollama-models.ts'

/** Makes embeddings. */
export const embedding = ((upstream) => {
  let refusesBase64 = false
  /**
   * Posts an embedding request. A server that refuses base64 gets it again, for arrays of numbers.
   */
  const post = async (
    request: EmbeddingRequest,
    { native, ...call }: UpstreamCall & { native: EmbedOptions['ollama'] },
  ): Promise<Fetched> => {
    if (native !== undefined) {
      const own = toOllamaRequest(request, native)
      return upstream.client.postAccepted(`../api/${native.api}`, own, call)
    }
    const path = '/embeddings'
    if (request.encoding_format !== 'base64')
      return upstream.client.postAccepted(path, request, call)
    if (!refusesBase64) {
      const response = await upstream.client.post(path, request, call)
      if (!(await upstream.client.refuses(response, path)))
        return upstream.client.accepted(response, path)
    }
    const asNumbers = { ...request, encoding_format: 'float' }
    const response = await upstream.client.postAccepted(path, asNumbers, call)
    refusesBase64 = true
    return response
  }
  return {
    async embed(asked, signal, options = {}) {
      const errors = new EngineErrors({ label: upstream.label, secrets: upstream.client.secrets })
      const native = servesOllama(upstream.nativeApis()) ? options.ollama : undefined
      const response = await post(upstream.names.renamed(asked), {
        ...{ signal, hops: options.hops, trace: options.trace, tapped: options.tapped, native },
      })
      requireJson(mediaType(response), 'JSON', errors)
      const { json, value: sent } = await readJson(response, upstream.label)
      const value = native ? fromOllamaAnswer(sent) : sent
      const { repaired, usage } = checkEmbeddings(value, asked, errors)
      const text = native || repaired.length > 0 ? JSON.stringify(value) : json
      return { kind: 'whole' as const, json: text, repaired, ...(usage && { usage }) }
    },
  }
}) satisfies Ability
