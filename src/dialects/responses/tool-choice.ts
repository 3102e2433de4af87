/** The tools that the model is offered, and which of them it must call. */
import { quoted } from '../../util/safe/quoted.ts'
import type { Tool } from '../../wire/chat/request.ts'
import { badRequest } from '../../wire/errors/api-error.ts'
import type { ResponsesRequest } from '../../wire/responses/request.ts'
import { ruleFor, type Typed } from '../tools/rule.ts'
import { TOOLS } from './rules.ts'
import type { OfferedTool, Toolset } from './tools.ts'

type Named = Typed & { name?: string | undefined; namespace?: string | undefined }

/**
 * Only the tools of `allowed_tools` are offered, since not every server supports that field. Throws an
 * `ApiError` (400) if the request forces a tool that is left out.
 */
export function toToolChoice(
  { tool_choice: choice }: ResponsesRequest,
  tools: Toolset,
): { tools?: Tool[]; tool_choice?: unknown } {
  const { offered } = tools
  if (choice == null || typeof choice === 'string') {
    return offer(offered, choice ?? undefined, tools)
  }
  if (choice.type === 'allowed_tools') {
    const listed = new Set<OfferedTool>()
    for (const [at, each] of (choice.tools ?? []).entries()) {
      const meant = chosenTools(each, `tool_choice.tools[${at}]`, offered, 'listed')
      for (const one of meant) listed.add(one)
    }
    return offer(
      offered.filter((each) => listed.has(each)),
      choice.mode,
      tools,
    )
  }
  const [first, ...others] = chosenTools(choice, 'tool_choice', offered, 'forced')
  if (first === undefined || others.length > 0) return offer([first, ...others], 'required', tools)
  return offer(offered, { type: 'function', function: { name: first.name } }, tools)
}

function offer(
  offered: (OfferedTool | undefined)[],
  tool_choice: unknown,
  { omittedTypes }: Toolset,
) {
  const tools = offered.flatMap((each) => each?.tool ?? [])
  if (tools.length > 0) return { tools, ...(tool_choice !== undefined && { tool_choice }) }
  if (tool_choice !== 'required') return {}
  const { names } = omittedTypes
  if (names.length === 0) return { tool_choice }
  throw cannotForce(names.join(', '), 'tool_choice', '"auto"')
}

/** The offered tools that a choice names. */
function chosenTools(
  choice: Named,
  at: string,
  offered: readonly OfferedTool[],
  how: 'forced' | 'listed',
): OfferedTool[] {
  const { type, name, namespace } = choice
  const matching = offered.filter((each) => isMeant(each, choice))
  // A top-level tool takes precedence over one of the same name in a namespace.
  const plain = matching.filter(({ declared }) => !('namespace' in declared))
  if (matching.length > 0) {
    return namespace === undefined && plain.length > 0 ? plain : matching
  }
  const { handling } = ruleFor(TOOLS, choice)
  if (handling !== 'left out')
    throw notOffered(name ?? type, at, name === undefined ? 'type' : 'name')
  if (how === 'listed') return []
  throw cannotForce(type, `${at}.type`, 'a tool that the client runs')
}

function isMeant({ type, declared }: OfferedTool, choice: Named): boolean {
  if (choice.type === 'namespace') {
    return 'namespace' in declared && declared.namespace === choice.name
  }
  if (declared.kind === 'client') {
    return type === choice.type || ruleFor(TOOLS, choice).translation === declared.client
  }
  if (declared.kind !== choice.type || declared.name !== choice.name) return false
  return choice.namespace === undefined || declared.namespace === choice.namespace
}

function notOffered(name: string, at: string, which: 'type' | 'name') {
  const field = `${at}.${which}`
  const came = quoted(name)
  const message = `${field}: expected the ${which} of a tool in tools, got ${came}; declare that tool, or choose another one.`
  return badRequest(message, field)
}

function cannotForce(types: string, field: string, instead: string) {
  const came = quoted(types)
  const message = `${field}: expected ${instead}, got ${came}, which a chat request cannot offer; choose another tool.`
  return badRequest(message, field)
}
