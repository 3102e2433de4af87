/** What a model says, and how a server of each API streams it. */

import { textChunk } from '../../support/completions.ts'
import { messageEvents, named } from '../../support/messages-upstream.ts'
import { chunk, DONE, finish, ROLE, USAGE_CHUNK } from '../../support/oddities/plain.ts'
import { responseOf, usage } from '../../support/responses-upstream.ts'

/** The APIs that clients and upstreams speak. */
export const APIS = ['chat', 'completions', 'messages', 'responses'] as const
export type Api = (typeof APIS)[number]

export interface Said {
  thinking: string[]
  text: string[]
  /** The arguments of one call of the tool `f`, in pieces that together are JSON. */
  call: string[] | null
}

/** One event as bytes of UTF-8, and the part of the answer's text that it adds. */
export interface Frame {
  send: string
  text: string
}

type Fields = Record<string, unknown>

/** The stream of a server that makes no mistake. */
export function framesOf(api: Api, said: Said): Frame[] {
  return WRITERS[api](said)
}

const data = (value: object): string => `data: ${JSON.stringify(value)}\n\n`
const silent = (send: string): Frame => ({ send, text: '' })

const WRITERS: Record<Api, (said: Said) => Frame[]> = {
  chat({ thinking, text, call }) {
    const calls = (call ?? []).map((piece, at) => {
      const first = at === 0 && { id: 'call_1', type: 'function' }
      const named = { ...(at === 0 && { name: 'f' }), arguments: piece }
      return chunk({ tool_calls: [{ index: 0, ...first, function: named }] })
    })
    return [
      silent(data(ROLE)),
      ...thinking.map((each) => silent(data(chunk({ reasoning_content: each })))),
      ...text.map((each) => ({ send: data(chunk({ content: each })), text: each })),
      ...calls.map((each) => silent(data(each))),
      silent(data(finish(call ? 'tool_calls' : 'stop'))),
      silent(data(USAGE_CHUNK)),
      silent(DONE),
    ]
  },
  completions: ({ text }) => [
    ...text.map((each) => ({ send: data(textChunk(each)), text: each })),
    silent(data(textChunk('', { finish_reason: 'stop' }))),
    silent(DONE),
  ],
  messages({ thinking, text, call }) {
    const events = messageEvents({
      ...(thinking.length > 0 && { thinking }),
      ...(text.length > 0 && { text }),
      ...(call && { calls: [{ id: 'call_1', name: 'f', input: call }] }),
    })
    return events.map((event) => {
      const { text: added = '' } = (event.delta ?? {}) as { text?: string }
      return { send: named(event), text: added }
    })
  },
  responses: (said) =>
    responseEvents(said).map((event, sequence_number) => {
      const isText = event.type === 'response.output_text.delta'
      const send = `event: ${event.type}\ndata: ${JSON.stringify({ ...event, sequence_number })}\n\n`
      return { send, text: isText ? String(event.delta) : '' }
    }),
}

function responseEvents({ text, call }: Said): Fields[] {
  const output: object[] = []
  const events: Fields[] = [
    { type: 'response.created', response: responseOf('in_progress') },
    { type: 'response.in_progress', response: responseOf('in_progress') },
  ]
  if (text.length > 0) events.push(...messageItem(text, output))
  if (call) events.push(...callItem(call, output))
  const response = responseOf('completed', output, { usage })
  return [...events, { type: 'response.completed', response }]
}

function messageItem(words: string[], output: object[]): Fields[] {
  const output_index = output.length
  const place = { item_id: 'msg_1', output_index, content_index: 0 }
  const part = (text: string) => ({ type: 'output_text', text, annotations: [], logprobs: [] })
  const item = (status: string, content: object[]) => {
    return { type: 'message', id: 'msg_1', role: 'assistant', status, content }
  }
  const text = words.join('')
  const done = item('completed', [part(text)])
  output.push(done)
  const added = { type: 'response.output_item.added', output_index, item: item('in_progress', []) }
  return [
    added,
    { type: 'response.content_part.added', ...place, part: part('') },
    ...words.map((delta) => ({
      type: 'response.output_text.delta',
      ...place,
      delta,
      logprobs: [],
    })),
    { type: 'response.output_text.done', ...place, text, logprobs: [] },
    { type: 'response.content_part.done', ...place, part: part(text) },
    { type: 'response.output_item.done', output_index, item: done },
  ]
}

function callItem(pieces: string[], output: object[]): Fields[] {
  const output_index = output.length
  const place = { item_id: 'fc_1', output_index }
  const item = (status: string, args: string) => {
    return {
      type: 'function_call',
      id: 'fc_1',
      call_id: 'call_1',
      name: 'f',
      arguments: args,
      status,
    }
  }
  const args = pieces.join('')
  const done = item('completed', args)
  output.push(done)
  const added = { type: 'response.output_item.added', output_index, item: item('in_progress', '') }
  const deltas = pieces.map((delta) => ({
    type: 'response.function_call_arguments.delta',
    ...place,
    delta,
  }))
  const ended = {
    type: 'response.function_call_arguments.done',
    ...place,
    name: 'f',
    arguments: args,
  }
  return [added, ...deltas, ended, { type: 'response.output_item.done', output_index, item: done }]
}
