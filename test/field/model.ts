/** The scripted model: what it says is decided by a word of the prompt. */
import { argumentsFor, type FunctionTool, fillObject, pickTool } from './fill.ts'
import { type ChatBody, type Message, textOf } from './template.ts'

/** What a prompt may order. Each is a word in the prompt, in capitals after `FIELD_`. */
export const ORDERS = ['text', 'again', 'tool', 'parallel', 'slow'] as const
export type Order = (typeof ORDERS)[number]

export const ANSWER = 'Field answer: hello.'
export const SECOND_ANSWER = 'Field answer: again.'
/** Stands before what tools returned, in the answer after them. */
export const AFTER_TOOLS = 'The tool returned:'

export interface Reply {
  /** Why it replies so; for the log. */
  why: Order | 'after tools' | 'no order' | 'no tool' | 'json'
  text?: string
  calls?: { name: string; arguments: string }[]
  /** Words come slowly, so that there is time to interrupt. */
  isSlow?: boolean
}

/** The command that a tool is to run, by the path of a note. */
export type CommandFor = (path: string) => string

// Some clients lose what a command prints in its first milliseconds.
const showsNote: CommandFor = (path) => `cat ${path}; sleep 0.3`

/** `folder` holds note.txt and note2.txt, which the tools are to read. */
export function replyTo(body: ChatBody, folder: string, commandFor = showsNote): Reply {
  const { response_format: format } = body
  if (format?.type === 'json_schema' || format?.type === 'json_object') {
    const schema = format.json_schema?.schema
    const value = schema ? fillObject(schema, { command: 'true', path: '/' }) : { title: 'Note' }
    return { text: JSON.stringify(value), why: 'json' }
  }
  const found = orderOf(body.messages ?? [])
  if (found === undefined) return { text: 'A short note.', why: 'no order' }
  const { order, after } = found
  if (order === 'text') return { text: ANSWER, why: order }
  if (order === 'again') return { text: SECOND_ANSWER, why: order }
  if (order === 'slow') return { text: 'word '.repeat(600), why: order, isSlow: true }
  const outputs = after.filter(({ role }) => role === 'tool').map(({ content }) => textOf(content))
  if (outputs.length > 0) {
    const shown = outputs.map((output) => output.slice(0, 1500)).join(' | ')
    return { text: `${AFTER_TOOLS} ${shown}`, why: 'after tools' }
  }
  return callTools(body, order, folder, commandFor)
}

function callTools(body: ChatBody, order: Order, folder: string, commandFor: CommandFor): Reply {
  const tools = (body.tools ?? []).flatMap(({ function: tool }) => tool ?? []) as FunctionTool[]
  const tool = pickTool(tools)
  if (tool === undefined) {
    const names = tools.map(({ name }) => name).join(', ') || 'none'
    return { text: `No tool runs a command or reads a file: ${names}.`, why: 'no tool' }
  }
  const files = order === 'parallel' ? ['note.txt', 'note2.txt'] : ['note.txt']
  const calls = files.map((file) => {
    const path = `${folder}/${file}`
    return { name: tool.name, arguments: argumentsFor(tool, { command: commandFor(path), path }) }
  })
  return { calls, why: order }
}

/** The last order that a user gave, and the messages after it. */
export function orderOf(messages: Message[]): { order: Order; after: Message[] } | undefined {
  for (let at = messages.length - 1; at >= 0; at--) {
    const { role, content } = messages[at] ?? {}
    if (role !== 'user') continue
    const words = [...textOf(content).matchAll(/FIELD_([A-Z]+)/g)].map(([, word = '']) => word)
    const last = words.map((word) => word.toLowerCase()).findLast(isOrder)
    if (last) return { order: last, after: messages.slice(at + 1) }
  }
  return undefined
}

function isOrder(word: string): word is Order {
  return (ORDERS as readonly string[]).includes(word)
}
