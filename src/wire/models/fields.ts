/**
 * The fields of a listed model that are passed on. An allow-list, because llama-server's router lists each
 * model with its command line, which has paths and keys.
 */

import { isObject } from '../../util/object.ts'
import { terminalLine } from '../../util/safe/terminal.ts'

/** Reads a field; undefined if its value is not valid for clients. */
type Read = (value: unknown) => unknown

/** The most characters of a text, and entries of a list or object. */
const MOST = { text: 200, entries: 64 }

const text: Read = (value) =>
  typeof value === 'string' && value.length <= MOST.text && terminalLine(value) === value
    ? value
    : undefined
const number: Read = (value) => (Number.isFinite(value) ? value : undefined)
const flag: Read = (value) => (typeof value === 'boolean' ? value : undefined)
const texts: Read = (value) => {
  const isTexts = Array.isArray(value) && value.every((item) => text(item) !== undefined)
  return isTexts ? value.slice(0, MOST.entries) : undefined
}
/** A URL without credentials or query. */
const url: Read = (value) =>
  typeof value === 'string' && /^https?:\/\/[^\s?#@]{1,500}$/.test(value) ? value : undefined

/** The valid fields of an object, whatever their names. */
function each(read: Read): Read {
  return (value) => {
    if (!isObject(value)) return undefined
    const entries = Object.entries(value).map(([name, field]) => [name, read(field)] as const)
    const known = entries.filter(([name, field]) => field !== undefined && /^\w{1,64}$/.test(name))
    return known.length > 0 ? Object.fromEntries(known.slice(0, MOST.entries)) : undefined
  }
}

/** The valid fields of an object with these names. */
function object(fields: Record<string, Read>): Read {
  return (value) => {
    if (!isObject(value)) return undefined
    const known = picked(value, fields)
    return Object.keys(known).length > 0 ? known : undefined
  }
}

const ability: Read = (value) => texts(value) ?? each(flag)(value)

const architecture = object({
  modality: text,
  input_modalities: texts,
  output_modalities: texts,
  tokenizer: text,
})

/** The fields that are passed on besides the `id`, by the server that sends them. */
const FIELDS: Record<string, Read> = {
  // OpenAI.
  ...{ object: text, created: number, owned_by: text },
  // llama-server. `meta` has numbers only: n_vocab, n_ctx_train, n_embd, n_params, size, ….
  ...{ aliases: texts, tags: texts, meta: each(number), architecture },
  // Its router. Nothing else of the status: `args` and `preset` are the model's command line.
  status: object({ value: text, failed: flag, exit_code: number }),
  // vLLM, and other names of the same.
  ...{ max_model_len: number, context_length: number, context_window: number },
  ...{ max_context_length: number, loaded_context_length: number, max_output_tokens: number },
  ...{ max_completion_tokens: number, max_input_tokens: number, max_tokens: number },
  // LM Studio.
  ...{ type: text, publisher: text, arch: text, quantization: text, state: text },
  compatibility_type: text,
  // Mistral, OpenRouter, Anthropic.
  ...{ name: text, display_name: text, capabilities: ability, supported_parameters: texts },
  ...{ modalities: ability, input_modalities: texts, output_modalities: texts },
  // sluice: WebGPU's models, and what an alias stands for at another sluice.
  ...{ kind: text, loaded: flag, memory_mb: number, download_bytes: number, low_resource: flag },
  ...{ weights: url, tools: flag, context_bytes_per_token: number, context_reduced_from: number },
}

/** The fields of a listed model that clients may see; its `id` is one of them. */
export function modelFields<M extends { id: string }>(model: M): M {
  return { id: model.id, ...picked(model, FIELDS) } as M
}

function picked(value: object, fields: Record<string, Read>): Record<string, unknown> {
  const known: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(value)) {
    const read = Object.hasOwn(fields, name) ? fields[name]?.(field) : undefined
    if (read !== undefined) known[name] = read
  }
  return known
}
