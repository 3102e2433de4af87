/** In which form a family of models was trained to call tools. */
import { EMBEDDING_TYPE, type ModelRecord } from '../mlc-types.ts'

/**
 * - `hermes`: `<tool_call>` with the JSON of a name and arguments, as many as are needed; NousResearch's
 *   Hermes 2 Pro and 3, and the chat templates of Qwen 2.5 and 3.
 * - `llama`: the whole answer is the JSON of a name and parameters; the chat template of Llama 3.1 and 3.2.
 */
export interface ToolForm {
  family: 'hermes' | 'llama'
  /** The role that results have in the model's own template. */
  resultRole: 'user' | 'tool'
  /** Whether an answer begins with `<think>` unless thinking is switched off. */
  thinks: boolean
}

const FORMS: readonly (readonly [RegExp, ToolForm])[] = [
  [/^Hermes-(2-Pro|3)-/, { family: 'hermes', resultRole: 'tool', thinks: false }],
  [/^Qwen3-/, { family: 'hermes', resultRole: 'user', thinks: true }],
  // The models for mathematics have the template, but were not trained for tools.
  [/^Qwen2\.5-(Coder-)?[\d.]+B-Instruct-/, { family: 'hermes', resultRole: 'user', thinks: false }],
  [/^Llama-3\.[12]-/, { family: 'llama', resultRole: 'tool', thinks: false }],
]

/** Undefined for a model whose form is not known: tools that it was never shown it would not call. */
export function toolFormOf({ model_id, model_type, tool_form }: ModelRecord): ToolForm | undefined {
  if (model_type === EMBEDDING_TYPE) return undefined
  return FORMS.find(([name]) => name.test(tool_form ?? model_id))?.[1]
}

/** What `tool_form` of a user's own model may say: how the names of a family's models begin. */
export const TOOL_FORMS = ['Qwen3-', 'Qwen2.5-7B-Instruct-', 'Hermes-3-', 'Llama-3.1-'] as const
