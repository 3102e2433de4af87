/** What an upstream can be asked beyond chats. A bundle leaves out what nobody asks for. */
import type { Fetched } from '../../platform/fetch.ts'
import { answerCounts } from '../../stream/text-stream.ts'
import { TextContract } from '../../wire/contract/completions.ts'
import { checkTextCompletion } from '../../wire/contract/completions-answer.ts'
import { checkEmbeddings } from '../../wire/contract/embeddings-answer.ts'
import type { EmbeddingRequest } from '../../wire/embeddings/request.ts'
import { EngineErrors } from '../../wire/errors/engine-errors.ts'
import { fromOllamaAnswer, toOllamaRequest } from '../../wire/ollama/embed.ts'
import type { EmbedOptions } from '../engine.ts'
import { abortOnFailure, linkedController } from './abort.ts'
import type { Ability } from './chat-upstream.ts'
import type { UpstreamCall } from './client.ts'
import { countByUpstream, MissingPaths, type Post } from './count-tokens.ts'
import { mediaType, readJson, requireJson } from './json-body.ts'
import { readNative } from './native-answer.ts'
import { askOllama, isAskedAsOllama, servesOllama } from './ollama-models.ts'
import { PassThrough } from './pass.ts'

/** Completes texts. */
export const completing = ((upstream) => ({
  complete(asked, signal, { asChunks = false, optionalFields = [], ...call } = {}) {
    const answers = answerCounts(asked)
    return upstream.generate(asked, signal, {
      path: '/completions',
      contract: (options) => new TextContract({ ...options, ...answers }),
      check: checkTextCompletion,
      asChunks,
      optionalFields,
      call,
    })
  },
})) satisfies Ability

/** Forwards requests in APIs that the server has itself. */
export const forwarding = ((upstream) => ({
  async forward(asked, signal, options = {}) {
    const call = { ...asked, body: upstream.names.renamed(asked.body) }
    const control = linkedController(signal)
    const { headers } = asked
    const carried = { ...options, headers, signal: control.signal }
    const response = await upstream.client.postAccepted(call.path, call.body, carried)
    return abortOnFailure(
      response,
      control,
      readNative(response, call, upstream.contractOptions(call.path, call.body), control),
    )
  },
})) satisfies Ability

/** Has the server count the tokens of a prompt. */
export const counting = ((upstream) => {
  const missing = new MissingPaths()
  return {
    async countTokens(prompt, model, signal, { hops, trace, tapped, inSteps } = {}) {
      const own = upstream.names.renamed({ model }).model
      const post: Post = (path, body, headers) =>
        upstream.client.post(path, body, { signal, hops, trace, tapped, inSteps, headers })
      const chat = () => upstream.asSent(prompt.chat())
      const counted = { ...prompt, chat, nativeApis: upstream.nativeApis() }
      const accepted = (response: Fetched) => upstream.client.accepted(response)
      return countByUpstream(counted, own, post, upstream.label, accepted, missing)
    },
  }
}) satisfies Ability

/** Asks an Ollama about its models. */
export const askingOllama = ((upstream) => ({
  async askOllama(question, signal, options = {}) {
    const asked = { nativeApis: upstream.nativeApis(), kind: upstream.kind() }
    if (!isAskedAsOllama(asked, options.hops)) return undefined
    const own = (model: string) => upstream.names.renamed({ model }).model
    const translated =
      question.api === 'show' ? { ...question, model: own(question.model) } : question
    const found = await askOllama(upstream.client, translated, { ...options, signal })
    return (model: string) => found.get(own(model))
  },
})) satisfies Ability

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

/** Forwards requests that sluice does not read. */
export const passing = ((upstream) => {
  const { pass, lacks } = new PassThrough(upstream.client, upstream.names, upstream.listed)
  return { pass, lacks }
}) satisfies Ability
