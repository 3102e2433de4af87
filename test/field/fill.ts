/** Arguments for a client's own tools, made from their schemas. */

interface Schema {
  type?: string | string[]
  enum?: unknown[]
  const?: unknown
  anyOf?: Schema[]
  oneOf?: Schema[]
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  minimum?: number
}

export interface FunctionTool {
  name: string
  parameters?: Schema
}

/** What the arguments should do. */
export interface Wanted {
  /** A shell command. */
  command: string
  /** An absolute path. */
  path: string
}

const SHELL =
  /^(bash|shell|exec_command|shell_command|local_shell|exec|execute_command|run_commands?|run_shell_command|execute_bash)$/i
const READ = /^(read|read_files?|view|cat|read_?file|view_file|read_note)$/i

/** The tool that runs a command, or else one that reads a file. */
export function pickTool(tools: FunctionTool[]): FunctionTool | undefined {
  // Servers put a prefix before the names: mcp__files__read.
  const plain = ({ name }: FunctionTool) => name.replace(/^.*(__|\.)/, '')
  return (
    tools.find((tool) => SHELL.test(plain(tool))) ?? tools.find((tool) => READ.test(plain(tool)))
  )
}

/** Arguments that make the tool do what is wanted. */
export function argumentsFor({ parameters }: FunctionTool, wanted: Wanted): string {
  const fields = parameters?.properties ?? {}
  const only = Object.keys(fields).length === 1
  // Codex has a tool that takes a script as its one string and calls the others from it.
  if (only && fields.input?.type === 'string') {
    const call = `tools.exec_command({ cmd: ${JSON.stringify(wanted.command)} })`
    return JSON.stringify({ input: `text(await ${call})` })
  }
  return JSON.stringify(fillObject(parameters ?? {}, wanted))
}

/** A value that the schema allows, for a field of this name. */
function fill(name: string, schema: Schema, wanted: Wanted): unknown {
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type
  const first = schema.anyOf?.[0] ?? schema.oneOf?.[0]
  if (type === undefined && first) return fill(name, first, wanted)
  if (schema.enum) return schema.enum[0]
  if (schema.const !== undefined) return schema.const
  if (type === 'array') return fillArray(name, schema.items ?? {}, wanted)
  if (type === 'object') return fillObject(schema, wanted)
  if (type === 'boolean') return false
  if (type === 'integer' || type === 'number') return schema.minimum ?? 1
  if (/command|cmd|script|code/i.test(name)) return wanted.command
  if (/path|file|dir/i.test(name)) return wanted.path
  return 'field test'
}

function fillArray(name: string, items: Schema, wanted: Wanted): unknown[] {
  const isText = (items.type ?? 'string') === 'string'
  // A list named "command" is one command with its arguments; "commands" are several.
  if (isText && /^(command|cmd)$/.test(name)) return ['bash', '-c', wanted.command]
  return [fill(name, items, wanted)]
}

export function fillObject(schema: Schema, wanted: Wanted): Record<string, unknown> {
  const fields = schema.properties ?? {}
  const required = schema.required?.length
    ? schema.required
    : Object.keys(fields).filter((name) => /^(command|commands|cmd|path|file_path)$/.test(name))
  return Object.fromEntries(required.map((name) => [name, fill(name, fields[name] ?? {}, wanted)]))
}
