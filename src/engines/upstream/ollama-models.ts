/** What an upstream that is an Ollama says of its models in Ollama's own API. */
import type { Fetched } from '../../platform/fetch.ts'
import { isObject } from '../../util/object.ts'
import type { NativeApi } from '../../wire/native.ts'
import type { CallOptions, OllamaFields, OllamaQuestion } from '../engine.ts'
import type { UpstreamClient } from './client.ts'
import { readJson } from './json-body.ts'
import type { ServerKind } from './server-kind.ts'

/** Whether an upstream is asked: an Ollama, or a sluice that may have one behind it. */
export function isAskedAsOllama(
  {
    nativeApis,
    kind,
  }: { nativeApis?: readonly NativeApi[] | undefined; kind?: ServerKind | undefined },
  hops: CallOptions['hops'],
): boolean {
  // A request that came through another sluice is not sent to a third one, because several may list each other.
  return servesOllama(nativeApis) || (kind === 'sluice' && (hops?.length ?? 0) < 2)
}

/** Whether these APIs include Ollama's. */
export function servesOllama(nativeApis: readonly NativeApi[] | undefined): boolean {
  return nativeApis?.includes('ollama') ?? false
}

/**
 * The models by their names there. Rejects with an `ApiError` where the server refuses, cannot be
 * reached, or answers with something else.
 */
export async function askOllama(
  client: UpstreamClient,
  question: OllamaQuestion,
  call: CallOptions & { signal: AbortSignal },
): Promise<ReadonlyMap<string, OllamaFields>> {
  const { value } = await readJson(await sent(client, question, call), client.label)
  if (question.api === 'show') return new Map(isObject(value) ? [[question.model, value]] : [])
  const listed = isObject(value) && Array.isArray(value.models) ? value.models : []
  // Another sluice lists a model by its name, and with a tag.
  const names = ({ name, model }: OllamaFields) => [String(name), String(model ?? name)]
  return new Map(
    listed.filter(isObject).flatMap((each) => names(each).map((name) => [name, each] as const)),
  )
}

function sent(
  client: UpstreamClient,
  question: OllamaQuestion,
  call: CallOptions & { signal: AbortSignal },
): Promise<Fetched> {
  const path = `../api/${question.api}`
  if (question.api !== 'show') return client.get(path, call)
  const { model, verbose = false } = question
  return client.postAccepted(path, { model, verbose }, call)
}
