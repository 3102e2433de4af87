/** Translates the tools of a Responses request to functions of a chat request, and calls back. */

import type { Tool } from '../../wire/chat/request.ts'
import type { ResponsesRequest, ResponseTool } from '../../wire/responses/request.ts'
import { requireToolLimit } from '../../wire/validation/counts.ts'
import { object, text } from '../tools/json-schema.ts'
import { OmittedTypes } from '../tools/omitted-types.ts'
import { ruleFor } from '../tools/rule.ts'
import type { ResponsesClientTool } from './client-tools.ts'
import { INPUT } from './custom-tool-input.ts'
import type { LocatedItem } from './located-item.ts'
import { ITEMS, TOOLS } from './rules.ts'
import { ToolNames } from './tool-names.ts'

/** A tool as the client declared it, which decides the type of the call item. */
export type DeclaredTool =
  | { kind: 'function' | 'custom'; name: string; namespace?: string }
  | { kind: 'client'; name: string; client: ResponsesClientTool }

/** A tool that the model is offered. */
export interface OfferedTool {
  /** The declared type. */
  type: string
  declared: DeclaredTool
  /** The function's name in the chat. */
  name: string
  tool: Tool
}

/** A tool and the namespace in which it is declared. */
interface NamespacedTool {
  tool: ResponseTool
  namespace?: string
  /** The namespace's description, only on the first of its tools. */
  namespaceDescription?: string
}

export class Toolset {
  readonly omittedTypes = new OmittedTypes()
  readonly names = new ToolNames()
  readonly #offered = new Map<string, OfferedTool>()
  /** Deferred tools, which the model may know from earlier in the conversation. */
  readonly #deferred = new Map<string, DeclaredTool>()

  /**
   * Throws an `ApiError` (400) for more than `maxTools` different tools, because a namespace contains
   * many and items of the conversation add others. That is checked first, since the work for each tool
   * takes time.
   */
  constructor(request: ResponsesRequest, items: readonly LocatedItem[], maxTools: number) {
    const declared = flatten(request.tools ?? [])
    const found = flatten(items.flatMap(toolsIn))
    const isHeld = deferredTools(declared, items, request)
    const offered = [...declared.filter((each) => !isHeld(each)), ...found]
    requireToolLimit('tools', countOf(offered), maxTools)
    const { tool_choice: choice } = request
    const chosen = typeof choice === 'object' ? (choice?.tools?.length ?? 0) : 0
    requireToolLimit('tool_choice.tools', chosen, maxTools)
    // Functions keep their names, so their names are reserved first.
    for (const { tool, namespace } of [...declared, ...found]) {
      if (tool.type === 'function' && namespace === undefined) this.names.reserve(`${tool.name}`)
    }
    for (const each of declared) {
      if (isHeld(each)) this.#defer(each)
      else this.#offer(each)
    }
    for (const each of found) this.#offer(each)
  }

  get offered(): OfferedTool[] {
    return [...this.#offered.values()]
  }

  /** The tool behind a function name of the chat; undefined if none was declared. */
  declaredAs(name: string): DeclaredTool | undefined {
    return this.#offered.get(name)?.declared ?? this.#deferred.get(name)
  }

  /** The function name for a tool that occurs in the conversation, offered or not. */
  functionName({ kind, name, ...more }: DeclaredTool): string {
    const namespace = 'namespace' in more ? more.namespace : undefined
    if (kind === 'function' && namespace === undefined) return name
    return this.names.nameFor(kind, name, namespace)
  }

  /** The function names of tools that a search found. */
  functionNames(tools: readonly ResponseTool[]): string[] {
    const known = flatten(tools).filter(({ tool }) => ruleFor(TOOLS, tool).handling !== 'left out')
    return known.map(({ tool, namespace }) => {
      return this.functionName(toDeclaredTool(tool, namespace, ruleFor(TOOLS, tool).translation))
    })
  }

  #defer({ tool, namespace }: NamespacedTool): void {
    const called = toDeclaredTool(tool, namespace, ruleFor(TOOLS, tool).translation)
    this.#deferred.set(this.functionName(called), called)
  }

  #offer({ tool, namespace, namespaceDescription }: NamespacedTool): void {
    const rule = ruleFor(TOOLS, tool)
    if (rule.handling === 'left out') {
      this.omittedTypes.add(tool.type)
      return
    }
    const declared = toDeclaredTool(tool, namespace, rule.translation)
    const name = this.functionName(declared)
    if (this.#offered.has(name)) return
    const definition = rule.translation?.describe(tool) ?? definitionOf(tool, namespaceDescription)
    this.#offered.set(name, {
      type: tool.type,
      declared,
      name,
      tool: { type: 'function', function: { name, ...definition } },
    })
  }
}

function toDeclaredTool(
  { type, name = '' }: { type: string; name?: string | undefined },
  namespace: string | undefined,
  client: ResponsesClientTool | undefined,
): DeclaredTool {
  if (client !== undefined) return { kind: 'client', name: client.name, client }
  const kind = type === 'custom' ? 'custom' : 'function'
  return { kind, name, ...(namespace !== undefined && { namespace }) }
}

/** All tools, those in namespaces included. */
function flatten(tools: readonly ResponseTool[]): NamespacedTool[] {
  return tools.flatMap((tool): NamespacedTool[] => {
    if (tool.type !== 'namespace') return [{ tool }]
    const { name: namespace = '', description, tools: inner } = tool
    const within = (Array.isArray(inner) ? inner : []) as ResponseTool[]
    const known = within.filter(({ type }) => type !== 'namespace')
    return known.map((tool, index) => ({
      tool,
      namespace,
      ...(index === 0 && description && { namespaceDescription: `${namespace}: ${description}` }),
    }))
  })
}

/** The number of different tools that the model is offered; an agent's items repeat them. */
function countOf(tools: readonly NamespacedTool[]): number {
  const known = tools.filter(({ tool }) => ruleFor(TOOLS, tool).handling !== 'left out')
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
    const input = text('The whole input as one text.')
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
function toolsIn({ item }: LocatedItem): ResponseTool[] {
  const { tools } = item as { tools?: unknown }
  const { translation, handling } = ruleFor(ITEMS, item)
  const isSearch = typeof translation === 'object' && 'result' in translation
  const brings = handling === 'translated' && (translation === 'tools' || isSearch)
  return brings && Array.isArray(tools) ? tools : []
}

/**
 * A deferred tool is offered only if it was called or is forced; tools that the client's search found
 * come from its result. Without such a search, all deferred tools are offered.
 */
function deferredTools(
  declared: readonly NamespacedTool[],
  items: readonly LocatedItem[],
  { tool_choice: choice }: ResponsesRequest,
): (tool: NamespacedTool) => boolean {
  const canSearch = declared.some(({ tool }) => ruleFor(TOOLS, tool).translation?.call === SEARCH)
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
