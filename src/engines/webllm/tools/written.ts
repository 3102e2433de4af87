/** How calls of tools are written in the forms that models were trained on. */

import type { ToolForm } from './forms.ts'
import type { CallableTool } from './tools-of.ts'

/** What stands before the arguments of a call, and after them. */
export interface CallFrame {
  begin: string
  end: string
}

/** The beginning of every call, by which it is told from text. */
export const TRIGGERS: Readonly<Record<ToolForm['family'], string>> = {
  hermes: '<tool_call>',
  llama: '{"name": "',
}

/** `json`: the name as JSON. */
export function frameOf({ family }: ToolForm, name: string): CallFrame {
  const json = JSON.stringify(name)
  return family === 'hermes'
    ? { begin: `<tool_call>\n{"name": ${json}, "arguments": `, end: '}\n</tool_call>' }
    : { begin: `{"name": ${json}, "parameters": `, end: '}' }
}

/** A call of the history, as the model would have written it. */
export function writtenCall(form: ToolForm, name: string, args: string): string {
  const { begin, end } = frameOf(form, name)
  return `${begin}${args}${end}`
}

/** Results of tools, one after the other, as the model's own template has them. */
export function writtenResults(form: ToolForm, results: readonly string[]): string {
  if (form.family === 'llama') return results.join('\n')
  return results.map((result) => `<tool_response>\n${result}\n</tool_response>`).join('\n')
}

/** What the system message says of the tools. */
export function toolPrompt(form: ToolForm, tools: readonly CallableTool[]): string {
  const functions = tools.map((tool) => ({ type: 'function', function: tool }))
  return form.family === 'hermes' ? hermesPrompt(functions) : llamaPrompt(functions)
}

function hermesPrompt(functions: readonly object[]): string {
  return [
    '# Tools',
    '',
    'You may call one or more functions to assist with the user query.',
    '',
    'You are provided with function signatures within <tools></tools> XML tags:',
    '<tools>',
    ...functions.map((each) => JSON.stringify(each)),
    '</tools>',
    '',
    'For each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:',
    '<tool_call>',
    '{"name": <function-name>, "arguments": <args-json-object>}',
    '</tool_call>',
  ].join('\n')
}

function llamaPrompt(functions: readonly object[]): string {
  return [
    'You have access to the following functions. To call a function, please respond with JSON for a function call.',
    'Respond in the format {"name": function name, "parameters": dictionary of argument name and its value}. Do not use variables.',
    '',
    functions.map((each) => JSON.stringify(each, null, 4)).join('\n\n'),
  ].join('\n')
}
