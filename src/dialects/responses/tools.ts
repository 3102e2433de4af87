/** The tools of a Responses request as functions of a chat request, and back. */

import type { Tool } from '../../wire/chat/request.ts'
import type { ResponsesRequest, ResponseTool } from '../../wire/responses/request.ts'
import { requireFewTools } from '../../wire/validation/counts.ts'
import { object, text } from '../tools/json-schema.ts'
import { Omitted } from '../tools/omitted-types.ts'
import { ruleFor } from '../tools/rule.ts'
import type { ResponsesClientTool } from './client-tools.ts'
import { INPUT } from './custom-tool-input.ts'
import type { Placed } from './located-item.ts'
import { ITEMS, TOOLS } from './rules.ts'
import { ToolNames } from './tool-names.ts'

/** The tool that the client declared, which decides the type of the call item. */
export type Called =
  | { kind: 'function' | 'custom'; name: string; namespace?: string }
  | { kind: 'client'; name: string; client: ResponsesClientTool }

/** One tool that the model is offered. */
export interface Offered {
  /** The type that it was declared with. */
  type: string
  called: Called
  /** The function's name in the chat. */
  name: string
  tool: Tool
}

/** A tool, and the namespace that it is declared in. */
interface Declared {
  tool: ResponseTool
  namespace?: string
  /** The namespace's description, only on the first of its tools. */
  about?: string
}

export class Toolset {
  readonly omitted = new Omitted()
  readonly names = new ToolNames()
  readonly #offered = new Map<string, Offered>()
  /** Tools that are held back: the model may know them from earlier in the conversation. */
  readonly #heldBack = new Map<string, Called>()

  /**
   * Throws an `ApiError` (400) for more than `maxTools` different tools to offer, or to choose from:
   * a namespace holds many, and items of the conversation add others. That comes first, since all
   * that is done for each tool takes time.
   */
  constructor(request: ResponsesRequest, items: readonly Placed[], maxTools: number) {
    const declared = flatten(request.tools ?? [])
    const found = flatten(items.flatMap(toolsIn))
    const isHeld = heldBack(declared, items, request)
    const offered = [...declared.filter((each) => !isHeld(each)), ...found]
    requireFewTools('tools', countOf(offered), maxTools)
    const { tool_choice: choice } = request
    const chosen = typeof choice === 'object' ? (choice?.tools?.length ?? 0) : 0
    requireFewTools('tool_choice.tools', chosen, maxTools)
    // Functions keep their names: they come first.
    for (const { tool, namespace } of [...declared, ...found]) {
      if (tool.type === 'function' && namespace === undefined) this.names.plain(`${tool.name}`)
    }
    for (const each of declared) {
      if (isHeld(each)) this.#hold(each)
      else this.#offer(each)
    }
    for (const each of found) this.#offer(each)
  }

  get offered(): Offered[] {
    return [...this.#offered.values()]
  }

  /** The tool behind a function name of the chat; undefined if none was declared. */
  calledBy(name: string): Called | undefined {
    return this.#offered.get(name)?.called ?? this.#heldBack.get(name)
  }

  /** The function name for a tool that occurs in the conversation, offered or not. */
  nameOf({ kind, name, ...more }: Called): string {
    const namespace = 'namespace' in more ? more.namespace : undefined
    if (kind === 'function' && namespace === undefined) return name
    return this.names.of(kind, name, namespace)
  }

  /** The function names of tools that a search found. */
  namesOf(tools: readonly ResponseTool[]): string[] {
    const known = flatten(tools).filter(({ tool }) => ruleFor(TOOLS, tool).fate !== 'left out')
    return known.map(({ tool, namespace }) => {
      return this.nameOf(calledOf(tool, namespace, ruleFor(TOOLS, tool).as))
    })
  }

  #hold({ tool, namespace }: Declared): void {
    const called = calledOf(tool, namespace, ruleFor(TOOLS, tool).as)
    this.#heldBack.set(this.nameOf(called), called)
  }

  #offer({ tool, namespace, about }: Declared): void {
    const rule = ruleFor(TOOLS, tool)
    if (rule.fate === 'left out') {
      this.omitted.add(tool.type)
      return
    }
    const called = calledOf(tool, namespace, rule.as)
    const name = this.nameOf(called)
    if (this.#offered.has(name)) return
    const definition = rule.as?.describe(tool) ?? definitionOf(tool, about)
    this.#offered.set(name, {
      type: tool.type,
      called,
      name,
      tool: { type: 'function', function: { name, ...definition } },
    })
  }
}

function calledOf(
  { type, name = '' }: { type: string; name?: string | undefined },
  namespace: string | undefined,
  client: ResponsesClientTool | undefined,
): Called {
  if (client !== undefined) return { kind: 'client', name: client.name, client }
  const kind = type === 'custom' ? 'custom' : 'function'
  return { kind, name, ...(namespace !== undefined && { namespace }) }
}

/** All tools, those in namespaces included. */
function flatten(tools: readonly ResponseTool[]): Declared[] {
  return tools.flatMap((tool): Declared[] => {
    if (tool.type !== 'namespace') return [{ tool }]
    const { name: namespace = '', description, tools: inner } = tool
    const within = (Array.isArray(inner) ? inner : []) as ResponseTool[]
    const known = within.filter(({ type }) => type !== 'namespace')
    return known.map((tool, index) => ({
      tool,
      namespace,
      ...(index === 0 && description && { about: `${namespace}: ${description}` }),
    }))
  })
}

/** How many different tools the model is offered of these: the items of an agent repeat them. */
function countOf(tools: readonly Declared[]): number {
  const known = tools.filter(({ tool }) => ruleFor(TOOLS, tool).fate !== 'left out')
  const keys = known.map(({ tool: { type, name }, namespace }) => {
    return JSON.stringify([type, namespace ?? null, name])
  })
  return new Set(keys).size
}

function definitionOf(tool: ResponseTool, about: string | undefined): object {
  const { parameters, strict } = tool
  const isCustom = tool.type === 'custom'
  const words = [about, tool.description, isCustom ? grammarOf(tool) : undefined].filter(Boolean)
  const description = words.length > 0 ? { description: words.join('\n\n') } : {}
  if (isCustom) {
    const input = text('All of the input, as one text.')
    return { ...description, parameters: object({ [INPUT]: input }, [INPUT]) }
  }
  return {
    ...description,
    ...(parameters != null && { parameters }),
    ...(strict != null && { strict }),
  }
}

/** Functions have no grammar field, so the description says it. */
function grammarOf({ format }: ResponseTool): string | undefined {
  const { type, syntax, definition } = (format ?? {}) as Record<string, unknown>
  if (type !== 'grammar') return undefined
  return `${INPUT} must follow this grammar (${syntax}):\n${definition}`
}

/** The tools that an item of the conversation adds. */
function toolsIn({ item }: Placed): ResponseTool[] {
  const { tools } = item as { tools?: unknown }
  const { as, fate } = ruleFor(ITEMS, item)
  const isSearch = typeof as === 'object' && 'result' in as
  const brings = fate === 'translated' && (as === 'tools' || isSearch)
  return brings && Array.isArray(tools) ? tools : []
}

/**
 * A deferred tool is offered only if it was called or is forced; tools that the client's search found
 * come from its result. Without such a search, all deferred tools are offered.
 */
function heldBack(
  declared: readonly Declared[],
  items: readonly Placed[],
  { tool_choice: choice }: ResponsesRequest,
): (tool: Declared) => boolean {
  const canSearch = declared.some(({ tool }) => ruleFor(TOOLS, tool).as?.call === SEARCH)
  if (!canSearch) return () => false
  const wanted = new Set(items.map(({ item }) => keyOf(item as Named)))
  if (choice && typeof choice === 'object') {
    for (const each of [choice, ...(choice.tools ?? [])]) wanted.add(keyOf(each as Named))
  }
  return ({ tool, namespace }) => {
    return tool.defer_loading === true && !wanted.has(keyOf({ name: tool.name, namespace }))
  }
}

const SEARCH = 'tool_search_call'

interface Named {
  name?: string | undefined
  namespace?: string | undefined
}

function keyOf({ name, namespace }: Named): string {
  return JSON.stringify([namespace ?? null, name])
}
