/** Translates the `options` of Ollama's API, which are parameters of a Modelfile, to fields of a chat. */
import { exactDigits } from '../../wire/json/exact-integers.ts'
import type { OllamaOptions } from '../../wire/ollama/request.ts'

/**
 * Parameters of how a server loads a model, which no request to another server than Ollama can set, and
 * parameters that Ollama itself now ignores. They are left out, as Ollama does with those that it
 * does not know: clients send them with every request.
 */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'draft_num_predict',
  'embedding_only',
  'f16_kv',
  'logits_all',
  'low_vram',
  'main_gpu',
  'num_batch',
  'num_ctx',
  'num_gpu',
  'num_gqa',
  'num_keep',
  'num_thread',
  'numa',
  'penalize_newline',
  'rope_frequency_base',
  'rope_frequency_scale',
  'tfs_z',
  'use_mlock',
  'use_mmap',
  'vocab_only',
])

/** Options that are fields of OpenAI's chats and text completions. */
const STANDARD = new Set(['frequency_penalty', 'presence_penalty', 'temperature', 'top_p'])

/**
 * Fields that a second try leaves out if a server refuses them: every option that is not in OpenAI's API.
 */
export function optionalFieldsOf(options: OllamaOptions | null | undefined): string[] {
  const own = Object.keys(optionFields(options))
  return own.filter((name) => !STANDARD.has(name) && !/^(max_tokens|seed|stop)$/.test(name))
}

/** The fields for `options`. Those that sluice does not know keep their names: llama-server has the same. */
export function optionFields(options: OllamaOptions | null | undefined): Record<string, unknown> {
  const fields: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(options ?? {})) {
    if (value === null || value === undefined || LEFT_OUT.has(name)) continue
    if (name === 'num_predict') {
      // -1 and -2 mean no limit, and so does 0.
      if (Number(value) > 0) fields.max_tokens = value
    } else if (name === 'seed') {
      // A negative seed means a random one, which some servers refuse.
      if (!isNegative(value)) fields.seed = value
    } else if (name !== 'stop' || options?.stop?.length) {
      fields[name] = value
      // The name that vLLM and SGLang have for it.
      if (name === 'repeat_penalty') fields.repetition_penalty = value
    }
  }
  return fields
}

/** Seeds may have 64 bits, which no number holds. */
function isNegative(value: unknown): boolean {
  return typeof value === 'number' ? value < 0 : exactDigits(value)?.startsWith('-') === true
}
