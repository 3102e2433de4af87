/** The tools that the user lets a model ask for. */

import { isObject } from '../../src/util/object.ts'
import type { Tool } from '../../src/wire/chat/request.ts'

export type Tools = { tools: Tool[]; problem?: undefined } | { tools?: undefined; problem: string }

const NEXT =
  'Expected a JSON array of tools such as {"type": "function", "function": {"name": "…", "parameters": {…}}}; correct it or leave it empty.'

/** Reads the tools; a function alone is taken for a tool, and one tool for a list of it. */
export function toolsIn(text = ''): Tools {
  if (text.trim() === '') return { tools: [] }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return { problem: `Tools: this is not JSON: ${(error as Error).message}. ${NEXT}` }
  }
  const list: unknown[] = Array.isArray(value) ? value : [value]
  const tools: Tool[] = []
  for (const [index, each] of list.entries()) {
    const tool = toolOf(each)
    if (tool === undefined) {
      return { problem: `Tools: entry ${index} is no tool with a name. ${NEXT}` }
    }
    tools.push(tool)
  }
  return { tools }
}

function toolOf(value: unknown): Tool | undefined {
  if (!isObject(value)) return undefined
  if (typeof value.name === 'string' && value.function === undefined) {
    // Anthropic's name of the parameters.
    const { name, description, parameters, input_schema } = value
    const own = { name, description, parameters: parameters ?? input_schema }
    return { type: 'function', function: own }
  }
  const isNamed = isObject(value.function) && typeof value.function.name === 'string'
  return isNamed ? { type: 'function', ...value } : undefined
}
