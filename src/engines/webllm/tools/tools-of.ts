import { isObject } from '../../../util/object.ts'
import { quoted } from '../../../util/safe/quoted.ts'
import type { ChatRequest, Tool } from '../../../wire/chat/request.ts'
import { badRequest } from '../../../wire/errors/api-error.ts'

/** A function that the model may call. */
export interface CallableTool {
  name: string
  description?: string
  /** The JSON Schema of its arguments. */
  parameters: Record<string, unknown>
}

/** The tools of a request, and what its `tool_choice` means. */
export interface OfferedTools {
  /** What is described to the model. */
  tools: readonly CallableTool[]
  /** What it may call: one tool where that is forced, else all. */
  callable: readonly CallableTool[]
  /** Whether it must call. */
  isRequired: boolean
  /** Whether one answer may have several calls. */
  isParallel: boolean
}

/** Undefined where no tools are to be used. Throws an `ApiError` (400) that names the field. */
export function toolsOf(request: ChatRequest): OfferedTools | undefined {
  const { tool_choice, parallel_tool_calls } = request
  const choice = tool_choice ?? 'auto'
  const given = request.tools ?? []
  if (choice === 'none' || (choice === 'auto' && given.length === 0)) return undefined
  if (given.length === 0) {
    throw badRequest(
      'tool_choice: a tool call is required, and tools is empty; add tools or set tool_choice to "auto".',
      'tool_choice',
    )
  }
  const tools = given.map(toTool)
  const callable = callableTools(choice, tools)
  return {
    tools,
    callable,
    isRequired: choice !== 'auto' && !isAllowedAuto(choice),
    isParallel: parallel_tool_calls !== false && !isNamed(choice),
  }
}

function toTool(tool: Tool, at: number): CallableTool {
  const field = `tools[${at}]`
  if (tool.type !== 'function') {
    throw badRequest(`${field}.type: expected function, got "${tool.type}".`, `${field}.type`)
  }
  const said = isObject(tool.function) ? tool.function : {}
  const { name, description, parameters } = said
  if (typeof name !== 'string' || !/^[\w.:-]{1,128}$/.test(name)) {
    const expected = 'letters, digits, "_", "-", "." and ":", at most 128'
    const message = `${field}.function.name: expected ${expected}, got ${quoted(String(name))}; rename the tool.`
    throw badRequest(message, `${field}.function.name`)
  }
  return {
    name,
    ...(typeof description === 'string' && { description }),
    // No parameters are an empty list of them, and not any.
    parameters: isObject(parameters) && hasContent(parameters) ? parameters : NO_PARAMETERS,
  }
}

const NO_PARAMETERS = { type: 'object', properties: {} }

function hasContent(schema: Record<string, unknown>): boolean {
  return Object.keys(schema).length > 0
}

function callableTools(choice: unknown, tools: CallableTool[]): CallableTool[] {
  if (choice === 'auto' || choice === 'required') return tools
  const names = namesIn(choice)
  if (names === undefined) {
    const expected = 'auto, none, required, or one of the tools'
    const message = `tool_choice: expected ${expected}, got ${quoted(JSON.stringify(choice))}.`
    throw badRequest(message, 'tool_choice')
  }
  return names.map((name) => {
    const tool = tools.find((each) => each.name === name)
    if (tool) return tool
    const message = `tool_choice: expected the name of one of the tools, got ${quoted(name)}; add that tool to tools.`
    throw badRequest(message, 'tool_choice')
  })
}

/** The names in `{ type: 'function' }` and `{ type: 'allowed_tools' }`. */
function namesIn(choice: unknown): string[] | undefined {
  if (!isObject(choice)) return undefined
  const named = nameIn(choice)
  if (named !== undefined) return [named]
  const allowed = isObject(choice.allowed_tools) ? choice.allowed_tools.tools : undefined
  const names = Array.isArray(allowed) ? allowed.map(nameIn) : []
  return names.length > 0 && names.every((name) => name !== undefined) ? names : undefined
}

function nameIn(tool: unknown): string | undefined {
  const name = isObject(tool) && isObject(tool.function) ? tool.function.name : undefined
  return typeof name === 'string' ? name : undefined
}

function isNamed(choice: unknown): boolean {
  return nameIn(choice) !== undefined
}

function isAllowedAuto(choice: unknown): boolean {
  const allowed = isObject(choice) ? choice.allowed_tools : undefined
  return isObject(allowed) && allowed.mode !== 'required'
}
