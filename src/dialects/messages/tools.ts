/** Translates the tools of a Messages request to functions of a chat request. */
import type { Tool } from '../../wire/chat/request.ts'
import { badRequest } from '../../wire/errors/api-error.ts'
import type { Block, CountRequest, MessagesTool } from '../../wire/messages/request.ts'
import type { OmittedTypes } from '../tools/omitted-types.ts'
import { ruleFor } from '../tools/rule.ts'
import { TOOLS } from './rules.ts'

type Choice = NonNullable<CountRequest['tool_choice']>

/**
 * The fields `tools` and `tool_choice`. Throws an `ApiError` (400) if the request forces a tool that is
 * left out.
 */
export function toolFields(
  request: CountRequest,
  omitted: OmittedTypes,
): { tools?: Tool[]; tool_choice?: unknown } {
  const { tool_choice: choice } = request
  const given = request.tools ?? []
  for (const tool of given) if (isLeftOut(tool)) omitted.add(typeOf(tool))
  const isHeld = deferredTools(request)
  const able = given.filter((tool) => !isLeftOut(tool))
  const tools = able.filter((tool) => !isHeld(tool)).map(toTool)
  if (choice) refuseForced(choice, given, able)
  const isEmpty = given.length > 0 && tools.length === 0
  return {
    ...(tools.length > 0 && { tools }),
    ...(choice && !isEmpty && { tool_choice: toToolChoice(choice) }),
  }
}

/** A tool without a type is a custom one. */
function typeOf({ type }: MessagesTool): string {
  return type ?? 'custom'
}

function ruleOf(tool: MessagesTool) {
  return ruleFor(TOOLS, { ...tool, type: typeOf(tool) })
}

function isLeftOut(tool: MessagesTool): boolean {
  return ruleOf(tool).handling === 'left out'
}

function toTool(tool: MessagesTool): Tool {
  const { translation } = ruleOf(tool)
  if (translation !== undefined) {
    const name = tool.name ?? translation.name
    const described = translation.describe({ ...tool, type: typeOf(tool) })
    return { type: 'function', function: { name, ...described } }
  }
  const { name, description, input_schema: parameters, strict } = tool
  return {
    type: 'function',
    function: {
      name,
      ...(description != null && { description }),
      parameters,
      ...(strict != null && { strict }),
    },
  }
}

function toToolChoice({ type, name }: Choice): unknown {
  if (type === 'tool') return { type: 'function', function: { name } }
  return type === 'any' ? 'required' : type
}

function refuseForced(
  { type, name }: Choice,
  given: readonly MessagesTool[],
  able: readonly MessagesTool[],
): void {
  const forced = given.filter((tool) => isLeftOut(tool) && tool.name === name)
  if (type === 'tool' && forced.length > 0) throw cannotForce(forced, 'tool_choice.name')
  if (type === 'any' && able.length === 0 && given.length > 0)
    throw cannotForce(given, 'tool_choice')
}

function cannotForce(tools: readonly MessagesTool[], field: string) {
  const came = JSON.stringify(tools.map(typeOf).join(', ').slice(0, 80))
  const message = `${field}: expected a tool that the client runs, got ${came}, which a chat request cannot offer; choose another tool.`
  return badRequest(message, field)
}

/**
 * A deferred tool is offered once the client's search has referred to it, or if it was called or is
 * forced. If the client cannot search, all deferred tools are offered.
 */
function deferredTools({
  tools,
  tool_choice,
  messages,
}: CountRequest): (tool: MessagesTool) => boolean {
  const given = tools ?? []
  const isServed = given.some(({ type }) => type?.startsWith('tool_search_tool_'))
  if (isServed || given.every(({ defer_loading }) => defer_loading === true)) return () => false
  const wanted = new Set<unknown>([tool_choice?.name])
  for (const { content } of messages) {
    for (const name of typeof content === 'string' ? [] : content.flatMap(namesIn)) wanted.add(name)
  }
  return ({ defer_loading, name }) => defer_loading === true && !wanted.has(name)
}

/** The tools that a block calls or refers to. */
function namesIn(block: Block): unknown[] {
  if (block.type === 'tool_use') return [block.name]
  if (block.type === 'tool_reference') return [block.tool_name]
  const isResult = block.type === 'tool_result' && Array.isArray(block.content)
  return isResult ? (block.content as Block[]).flatMap(namesIn) : []
}
