/**
 * Servers as tutorials for FastAPI, Flask, Express and Go write them, and Mistral's API. Each differs
 * from OpenAI's in some way, but users run them, and other clients can read them. One server plays all
 * of them, chosen by the model.
 */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

type Fields = Record<string, unknown>

/** How one server sends the same words. */
interface Tutorial {
  /** The content type of a stream and of a whole answer; none where it sets none. */
  type: { stream?: string; whole?: string }
  chunk(content: string, at: number): Fields
  /** A whole answer's choice, and what stands beside it. */
  whole(content: string): Fields
  /** How an event is written. */
  frame?(data: string): string
  /** What ends a stream; `data: [DONE]` and a blank line by default. */
  end?: string
  /** Chunks before the words and after them. */
  first?: Fields[]
  last?: Fields[]
  isOneFlush?: boolean
}

export const TOKENS = ['Hello', ' world', '!']

const PAGE = '<!doctype html><html><head><title>Sign in</title></head><body>…</body></html>'
const SSE = 'text/event-stream'
const ID = { id: 'cmpl-mistral' }
const uuid = () => `chatcmpl-${crypto.randomUUID()}`
const seconds = () => Math.floor(Date.now() / 1000)

function chunkOf(model: string, choice: Fields, over: Fields = {}): Fields {
  const object = 'chat.completion.chunk'
  return { id: uuid(), object, created: seconds(), model, choices: [choice], ...over }
}

function wholeOf(model: string, choice: Fields, over: Fields = {}): Fields {
  const object = 'chat.completion'
  return { id: uuid(), object, created: seconds(), model, choices: [choice], ...over }
}

/** A new random id in every chunk, no finish reason, and no blank line at the end. */
const course: Tutorial = {
  type: { stream: SSE, whole: 'application/json' },
  chunk: (content) => chunkOf('course', { index: 0, delta: { content }, finish_reason: null }),
  whole: (content) =>
    wholeOf('course', { index: 0, message: { role: 'assistant', content }, finish_reason: null }),
  end: 'data: [DONE]',
}

/** FastAPI: numbers for ids, `time.time()`, no index, no finish reason, a content type of its own. */
const fastapi: Tutorial = {
  type: { stream: 'application/x-ndjson', whole: 'application/json' },
  chunk: (content, id) =>
    chunkOf('fastapi', { delta: { content } }, { id, created: Date.now() / 1000 + 0.0005 }),
  whole: (content) =>
    wholeOf('fastapi', { message: { role: 'assistant', content } }, { id: '1337' }),
}

/** Flask: `Response(generate())` has the content type of HTML, and a short answer is one packet. */
const flask: Tutorial = {
  type: { stream: 'text/html; charset=utf-8', whole: 'application/json' },
  chunk: course.chunk,
  whole: course.whole,
  isOneFlush: true,
}

/** Express: no content type at all, CRLF, and no space after the colon. */
const express: Tutorial = {
  type: {},
  chunk: course.chunk,
  whole: course.whole,
  frame: (data) => `data:${data}\r\n\r\n`,
}

/** Go: text/plain, because no type is set, and the empty strings of a struct. */
const go: Tutorial = {
  type: { stream: 'text/plain; charset=utf-8', whole: 'text/plain; charset=utf-8' },
  chunk: (content) =>
    chunkOf('go', { index: 0, delta: { role: '', content }, finish_reason: '' }, { id: '' }),
  whole: (content) =>
    wholeOf('go', { index: 0, message: { role: 'assistant', content }, finish_reason: '' }),
}

function part(content: Fields): Fields {
  return chunkOf('mistral', { index: 0, delta: { content: [content] }, finish_reason: null }, ID)
}

/** Mistral's reasoning models: content is a list of parts. */
const mistral: Tutorial = {
  type: { stream: SSE, whole: 'application/json' },
  first: [part({ type: 'thinking', thinking: [{ type: 'text', text: 'Hm.' }] })],
  chunk: (text) => part({ type: 'text', text }),
  last: [chunkOf('mistral', { index: 0, delta: { content: '' }, finish_reason: 'stop' }, ID)],
  whole(text) {
    const thinking = { type: 'thinking', thinking: [{ type: 'text', text: 'Hm.' }] }
    const message = { role: 'assistant', content: [thinking, { type: 'text', text }] }
    return wholeOf('mistral', { index: 0, message, finish_reason: 'stop' })
  },
}

/** Sends a finish reason where the prompt asks for one, and loses it otherwise. */
const fickle: Tutorial = {
  ...course,
  chunk: (content) => chunkOf('fickle', { index: 0, delta: { content } }),
}

const tutorials = { course, fastapi, flask, express, go, mistral, fickle } as const

export type TutorialName = keyof typeof tutorials

export interface TutorialServer {
  url: string
  close(): Promise<void>
}

/** Starts the server of all of them on a free port. */
export async function startTutorials(): Promise<TutorialServer> {
  const server = createServer(async (request, response) => {
    if (request.method === 'GET') {
      const data = [...Object.keys(tutorials), 'page'].map((id) => ({ id, object: 'model' }))
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ object: 'list', data }))
      return
    }
    let text = ''
    for await (const part of request) text += part
    const { model, stream, messages } = JSON.parse(text)
    const isFinished = JSON.stringify(messages).includes('finish')
    if (model === 'page') send(response, 'text/plain', PAGE)
    else answer(response, tutorials[model as TutorialName], stream === true, isFinished)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => new Promise((resolve) => server.close(() => resolve()).closeAllConnections()),
  }
}

function answer(
  response: ServerResponse,
  tutorial: Tutorial,
  streams: boolean,
  isFinished: boolean,
): void {
  const { type, chunk, whole, frame = (data) => `data: ${data}\n\n` } = tutorial
  if (!streams) {
    send(response, type.whole, JSON.stringify(whole(TOKENS.join(''))))
    return
  }
  const { first = [], last = [], end = frame('[DONE]') } = tutorial
  const finish = chunkOf('fickle', { index: 0, delta: {}, finish_reason: 'stop' })
  const chunks = [...first, ...TOKENS.map(chunk), ...last, ...(isFinished ? [finish] : [])]
  const frames = [...chunks.map((each) => frame(JSON.stringify(each))), end]
  response.writeHead(200, type.stream ? { 'content-type': type.stream } : {})
  for (const each of tutorial.isOneFlush ? [] : frames) response.write(each)
  response.end(tutorial.isOneFlush ? frames.join('') : undefined)
}

function send(response: ServerResponse, type: string | undefined, body: string): void {
  response.writeHead(200, type ? { 'content-type': type } : {})
  response.end(body)
}
