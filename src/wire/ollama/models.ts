/**
 * Models in the format of Ollama's API (`ListModelResponse`, `ShowResponse` and `ProcessModelResponse` in
 * https://github.com/ollama/ollama/blob/v0.32.15/api/types.go). What a model's server does not list is
 * empty or 0, as clients expect every field.
 */
import { isObject } from '../../util/object.ts'
import type { ListedModel } from '../models/anthropic.ts'
import { isTokenCount } from '../usage.ts'
import type { Capability } from './capabilities.ts'

type Fields = Readonly<Record<string, unknown>>

export interface OllamaDetails {
  parent_model: string
  format: string
  family: string
  families: readonly string[]
  parameter_size: string
  quantization_level: string
  context_length?: number
  embedding_length?: number
}

/** A model with what is known of it besides its entry in the list. */
export interface KnownModel {
  model: ListedModel
  /** SHA-256 of what its server lists of it, in hexadecimal: clients cut it, and tell models apart by it. */
  digest: string
  capabilities: readonly Capability[]
  /** What the model's own server says of it in Ollama's API, where that is an Ollama. */
  own?: Fields | undefined
}

/** A time that no server loads a model to: Ollama's clients show it as "Forever". */
const NEVER = '9999-12-31T23:59:59Z'

/**
 * Its name, and the same with a tag, as which Ollama lists every model. Open WebUI appends `:latest` to
 * a model without one, and looks for that as `model`; Codex looks for what its user wrote, as `name`.
 */
function namesOf({ id }: ListedModel) {
  return { name: id, model: id.includes(':') ? id : `${id}:latest` }
}

/** One entry of `GET /api/tags`. */
export function ollamaTag({ model, digest, capabilities, own = {} }: KnownModel) {
  return {
    ...namesOf(model),
    ...textFields(own, ['remote_model']),
    modified_at: text(own.modified_at) ?? timeOf(model),
    size: count(own.size) ?? sizeOf(model),
    digest: text(own.digest) ?? digest,
    details: detailsOf(model, own.details),
    capabilities: ownCapabilities(own) ?? capabilities,
  }
}

/** One entry of `GET /api/ps`. */
export function runningModel({ model, digest, own = {} }: KnownModel) {
  return {
    ...namesOf(model),
    size: count(own.size) ?? sizeOf(model),
    digest: text(own.digest) ?? digest,
    details: detailsOf(model, own.details),
    expires_at: text(own.expires_at) ?? NEVER,
    size_vram: count(own.size_vram) ?? megabytes(model.memory_mb),
    context_length: count(own.context_length) ?? contextOf(model) ?? 0,
  }
}

/** The fields of an Ollama's answer that are passed on, besides those below. */
const SHOWN = ['license', 'parameters', 'template', 'system', 'remote_model', 'requires'] as const

/** The answer of `POST /api/show`. */
export function shownModel({ model, capabilities, own }: KnownModel) {
  if (own !== undefined && isObject(own.model_info)) {
    return {
      ...{ modelfile: '', parameters: '', template: '' },
      ...textFields(own, SHOWN),
      ...(typeof own.modelfile === 'string' && {
        modelfile: withoutPaths(own.modelfile, model.id),
      }),
      ...(Array.isArray(own.messages) && { messages: own.messages }),
      details: detailsOf(model, own.details),
      model_info: own.model_info,
      ...(isObject(own.projector_info) && { projector_info: own.projector_info }),
      ...(Array.isArray(own.tensors) && { tensors: own.tensors }),
      capabilities: ownCapabilities(own) ?? capabilities,
      modified_at: text(own.modified_at) ?? timeOf(model),
    }
  }
  const context = contextOf(model)
  return {
    modelfile: `# sluice serves this model, and knows no Modelfile of it.\nFROM ${model.id}\n`,
    // Without a line feed at its end: Continue parses each line.
    parameters: context === undefined ? '' : `num_ctx                        ${context}`,
    template: '',
    details: detailsOf(model, undefined),
    model_info: infoOf(model, context),
    capabilities,
    modified_at: timeOf(model),
  }
}

/** The fields that clients look for by `general.architecture`: `llama.context_length`. */
function infoOf(model: ListedModel, context: number | undefined): Fields {
  const architecture = text(model.arch) ?? 'unknown'
  const { n_params, n_embd, n_vocab } = metaOf(model)
  return {
    'general.architecture': architecture,
    ...(count(n_params) && { 'general.parameter_count': n_params }),
    ...(context !== undefined && { [`${architecture}.context_length`]: context }),
    ...(count(n_embd) && { [`${architecture}.embedding_length`]: n_embd }),
    ...(count(n_vocab) && { [`${architecture}.vocab_size`]: n_vocab }),
  }
}

function detailsOf(model: ListedModel, own: unknown): OllamaDetails {
  const said: Fields = isObject(own) ? own : {}
  const family = text(said.family) ?? text(model.arch) ?? ''
  const { n_params, n_embd } = metaOf(model)
  // An older Ollama says nothing of it: what a model runs with is not what it was made for.
  const context = isObject(own) ? count(said.context_length) : contextOf(model)
  const embedding = count(said.embedding_length) ?? count(n_embd)
  return {
    parent_model: text(said.parent_model) ?? '',
    format: text(said.format) ?? formatOf(model),
    family,
    families: textsOf(said.families) ?? (family === '' ? [] : [family]),
    parameter_size: text(said.parameter_size) ?? shortCount(count(n_params)),
    quantization_level: text(said.quantization_level) ?? text(model.quantization) ?? '',
    ...(context !== undefined && { context_length: context }),
    ...(embedding !== undefined && { embedding_length: embedding }),
  }
}

/** LM Studio names the format; llama-server reads no other than GGUF. */
function formatOf({ compatibility_type, owned_by }: ListedModel): string {
  return text(compatibility_type) ?? (owned_by === 'llamacpp' ? 'gguf' : '')
}

/** The context that the model runs with, in tokens. */
function contextOf({ context_length, max_input_tokens }: ListedModel): number | undefined {
  return [context_length, max_input_tokens].find((each) => isTokenCount(each) && each > 0) as
    | number
    | undefined
}

/** Bytes; 0 where they are not known. */
function sizeOf(model: ListedModel): number {
  return count(metaOf(model).size) ?? count(model.download_bytes) ?? 0
}

function megabytes(value: unknown): number {
  return (count(value) ?? 0) * 1_000_000
}

/** The largest time of a Date, in seconds. */
const MAX_SECONDS = 8.64e12

/** RFC 3339; 1970 where the time is not known. */
function timeOf({ created }: ListedModel): string {
  const isTime = typeof created === 'number' && created >= 0 && created < MAX_SECONDS
  return new Date(isTime ? created * 1000 : 0).toISOString()
}

/** A number of parameters as Ollama writes it: `8.2B`, `137M`. */
function shortCount(value: number | undefined): string {
  if (value === undefined || value === 0) return ''
  const [unit, size] = value >= 1e9 ? ['B', 1e9] : value >= 1e6 ? ['M', 1e6] : ['K', 1e3]
  return `${Number((value / Number(size)).toFixed(1))}${unit}`
}

/** A Modelfile names the files of the model on its server. */
function withoutPaths(modelfile: string, id: string): string {
  return modelfile
    .replaceAll(/^(# *)?FROM +(?:\/|[a-z]:[\\/]|\\\\).*$/gim, (_, comment = '') => {
      return `${comment}FROM ${id}`
    })
    .replaceAll(/^ADAPTER .*\n?/gim, '')
}

function ownCapabilities(own: Fields): readonly string[] | undefined {
  return textsOf(own.capabilities)
}

function metaOf({ meta }: ListedModel): Fields {
  return isObject(meta) ? meta : {}
}

function textFields(from: Fields, names: readonly string[]): Fields {
  return Object.fromEntries(
    names.flatMap((name) => (typeof from[name] === 'string' ? [[name, from[name]]] : [])),
  )
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function textsOf(value: unknown): string[] | undefined {
  if (!Array.isArray(value)) return undefined
  const texts = value.filter((each) => typeof each === 'string')
  return texts.length === value.length && texts.length > 0 ? texts : undefined
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}
