/** What the model may write, as a structural tag of xgrammar, which web-llm enforces token by token. */

import type { ToolForm } from './forms.ts'
import type { OfferedTools } from './tools-of.ts'
import { frameOf, TRIGGERS } from './written.ts'

/** A format of xgrammar's structural tags; only the kinds that are used here. */
export type TagFormat =
  | { type: 'any_text' }
  | { type: 'json_schema'; json_schema: Record<string, unknown> }
  | { type: 'tag'; begin: string; content: TagFormat; end: string }
  | { type: 'sequence' | 'or'; elements: TagFormat[] }
  | { type: 'triggered_tags'; triggers: string[]; tags: TagFormat[]; stop_after_first: boolean }
  | {
      type: 'tags_with_separator'
      tags: TagFormat[]
      separator: string
      at_least_one: boolean
      stop_after_first: boolean
    }

export interface StructuralTag {
  type: 'structural_tag'
  format: TagFormat
}

/**
 * Free text in which a call is enforced once it begins; or nothing but calls, where one is required.
 * `isThinking`: the answer begins with thoughts, in which nothing is enforced, so that a call that the model
 * only considers is not made. `answer`: the JSON Schema of an answer without a call; with it, there is one
 * call at most.
 */
export function toolGrammar(
  form: ToolForm,
  offered: OfferedTools,
  isThinking: boolean,
  answer?: Record<string, unknown>,
): StructuralTag {
  // Llama was trained on one call for each answer.
  const isSingle = !offered.isParallel || form.family === 'llama'
  const tags = offered.callable.map(({ name, parameters }): TagFormat => {
    const content: TagFormat = { type: 'json_schema', json_schema: parameters }
    return { type: 'tag', ...frameOf(form, name), content }
  })
  const only: TagFormat = {
    type: 'tags_with_separator',
    tags,
    separator: '\n',
    at_least_one: true,
    stop_after_first: isSingle,
  }
  const triggers = [TRIGGERS[form.family]]
  const free: TagFormat = answer
    ? { type: 'or', elements: [{ type: 'json_schema', json_schema: answer }, ...tags] }
    : { type: 'triggered_tags', triggers, tags, stop_after_first: isSingle }
  const calls = offered.isRequired ? only : free
  const format: TagFormat = isThinking
    ? { type: 'sequence', elements: [thoughts(calls !== free || answer !== undefined), calls] }
    : calls
  return { type: 'structural_tag', format }
}

/** Before anything but free text, the empty line that models write after their thoughts has to be stated. */
function thoughts(isBeforeForm: boolean): TagFormat {
  const end = isBeforeForm ? '</think>\n\n' : '</think>'
  return { type: 'tag', begin: '<think>', content: { type: 'any_text' }, end }
}
