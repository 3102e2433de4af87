/**
 * Built-in tools of the Responses API that the client runs: the function that replaces each in the chat
 * request, and the translation of its calls and results. Source: OpenAI's OpenAPI description 2.3.0.
 */
import { isObject } from '../../util/object.ts'
import type { ResponsePart, ResponseTool } from '../../wire/responses/request.ts'
import { integer, list, object, oneOf, type Schema, text } from '../tools/json-schema.ts'

type Fields = Record<string, unknown>

export interface ResponsesClientTool {
  /** The function's name, unless another tool has that name. */
  name: string
  /** The item types of its calls and of their results. */
  call: string
  result: string
  /** The prefix of its call items' ids. */
  prefix: string
  describe(tool: ResponseTool): { description: string; parameters: Schema }
  /** The call item's specific fields; undefined if the arguments do not match. */
  toItem(args: Fields): Fields | undefined
  /** The arguments for a call item of the conversation. */
  toArguments(item: Fields): unknown
  /** The result as message content; `found` are the function names of the tools in it. */
  toContent(item: Fields, found: readonly string[]): string | ResponsePart[]
}

export const localShell: ResponsesClientTool = {
  name: 'local_shell',
  call: 'local_shell_call',
  result: 'local_shell_call_output',
  prefix: 'lsh',
  describe: () => ({
    description: "Runs a command on the user's computer and returns its output.",
    parameters: object(
      {
        command: list({ type: 'string' }, 'The program and its arguments.'),
        working_directory: text('Where to run it.'),
        timeout_ms: integer('Milliseconds after which it is ended.'),
        env: { type: 'object', additionalProperties: { type: 'string' } },
        user: text('The user to run it as.'),
      },
      ['command'],
    ),
  }),
  toItem({ command, env, ...more }) {
    const words = typeof command === 'string' ? ['bash', '-lc', command] : texts(command)
    const optional = pick(more, ['timeout_ms', 'user', 'working_directory'])
    const action = { type: 'exec', command: words, env: isObject(env) ? env : {}, ...optional }
    return words && { action }
  },
  toArguments: ({ action }) => without(action, 'type'),
  toContent: ({ output }) => shown(output),
}

export const shell: ResponsesClientTool = {
  name: 'shell',
  call: 'shell_call',
  result: 'shell_call_output',
  prefix: 'sh',
  describe: () => ({
    description: "Runs shell commands on the user's computer and returns what each printed.",
    parameters: object(
      {
        commands: list({ type: 'string' }, 'The commands.'),
        timeout_ms: integer('Milliseconds after which they are ended.'),
        max_output_length: integer('The most characters of output to return.'),
      },
      ['commands'],
    ),
  }),
  toItem({ commands: given, timeout_ms = null, max_output_length = null }) {
    const commands = typeof given === 'string' ? [given] : texts(given)
    return commands && { action: { commands, timeout_ms, max_output_length }, environment: null }
  },
  toArguments: ({ action }) => action,
  toContent: ({ output }) =>
    Array.isArray(output) ? output.map(shellText).join('\n') : shown(output),
}

function shellText(piece: unknown): string {
  const { stdout, stderr, outcome } = isObject(piece) ? piece : {}
  const { type, exit_code } = isObject(outcome) ? outcome : {}
  const end = type === 'timeout' ? 'It was ended: it took too long.' : `Exit code: ${exit_code}`
  return [stdout, stderr, type === undefined ? '' : end].filter(Boolean).join('\n')
}

export const applyPatch: ResponsesClientTool = {
  name: 'apply_patch',
  call: 'apply_patch_call',
  result: 'apply_patch_call_output',
  prefix: 'apc',
  describe: () => ({
    description: 'Creates, changes or deletes one file.',
    parameters: object(
      {
        type: oneOf(['create_file', 'update_file', 'delete_file'], 'What to do.'),
        path: text('The path of the file.'),
        diff: text(
          'Not for delete_file. Lines to add begin with "+", lines to remove with "-", lines of ' +
            'context with a space; where several places change, each begins with a line "@@". To ' +
            'create a file, every line begins with "+".',
        ),
      },
      ['type', 'path'],
    ),
  }),
  toItem(args) {
    const { type, path } = args
    if (typeof type !== 'string' || typeof path !== 'string') return undefined
    return { operation: { type, path, ...pick(args, ['diff']) } }
  },
  toArguments: ({ operation }) => operation,
  toContent: ({ status, output }) => (output ? `${status}: ${shown(output)}` : shown(status)),
}

const SEARCH = object({ query: text('What the tool should do.') }, ['query'])

/** A tool search that the client runs; its result contains the found tools. */
export const toolSearch: ResponsesClientTool = {
  name: 'tool_search',
  call: 'tool_search_call',
  result: 'tool_search_output',
  prefix: 'tsc',
  describe: ({ description, parameters }) => ({
    description: description ?? 'Searches for tools that can then be called.',
    parameters: isObject(parameters) ? parameters : SEARCH,
  }),
  toItem: (args) => ({ execution: 'client', arguments: args }),
  toArguments: ({ arguments: args }) => args,
  // The tools themselves are added to the request.
  toContent: (_, found) =>
    found.length > 0 ? `These tools can be called now: ${found.join(', ')}` : 'No tool was found.',
}

const ACTIONS = [
  'click',
  'double_click',
  'drag',
  'keypress',
  'move',
  'screenshot',
  'scroll',
  'type',
  'wait',
]

const action = object(
  {
    type: oneOf(ACTIONS, 'What to do.'),
    x: integer('Pixels from the left.'),
    y: integer('Pixels from the top.'),
    button: oneOf(['left', 'right', 'wheel', 'back', 'forward'], 'For click.'),
    path: list(object({ x: { type: 'integer' }, y: { type: 'integer' } }, ['x', 'y']), 'For drag.'),
    keys: list({ type: 'string' }, 'For keypress.'),
    scroll_x: integer('For scroll.'),
    scroll_y: integer('For scroll.'),
    text: text('For type.'),
  },
  ['type'],
)

const computerItems = {
  name: 'computer',
  call: 'computer_call',
  result: 'computer_call_output',
  prefix: 'cu',
  toContent({ output }: Fields) {
    const { image_url, file_id } = isObject(output) ? output : {}
    return [{ type: 'input_image', image_url, file_id }]
  },
  toArguments: ({ actions, action }: Fields) => (actions ? { actions } : (action ?? {})),
}

export const computer: ResponsesClientTool = {
  ...computerItems,
  describe: () => ({
    description: 'Acts on the screen of a computer and returns a screenshot.',
    parameters: object({ actions: list(action, 'What to do, in this order.') }, ['actions']),
  }),
  toItem({ actions }) {
    return Array.isArray(actions) ? { actions, pending_safety_checks: [] } : undefined
  },
}

export const computerPreview: ResponsesClientTool = {
  ...computerItems,
  describe: ({ display_width, display_height, environment }) => ({
    description: `Acts on the screen of a computer (${environment}, ${display_width} × ${display_height} pixels) and returns a screenshot.`,
    parameters: action,
  }),
  toItem(args) {
    return typeof args.type === 'string' ? { action: args, pending_safety_checks: [] } : undefined
  },
}

function texts(value: unknown): string[] | undefined {
  const isTexts = Array.isArray(value) && value.every((each) => typeof each === 'string')
  return isTexts ? value : undefined
}

function pick(fields: Fields, names: readonly string[]): Fields {
  const given = names.filter((name) => fields[name] !== undefined && fields[name] !== null)
  return Object.fromEntries(given.map((name) => [name, fields[name]]))
}

function without(fields: unknown, name: string): Fields {
  const { [name]: _left, ...rest } = isObject(fields) ? fields : {}
  return rest
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? '')
}
