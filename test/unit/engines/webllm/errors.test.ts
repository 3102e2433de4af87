import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { expect, it } from 'vitest'
import { toMlcRequest } from '../../../../src/engines/webllm/chat-request.ts'
import { fromMlc, KINDS, needsReload } from '../../../../src/engines/webllm/errors.ts'
import type { ChatRequest } from '../../../../src/wire/chat/request.ts'
import { caller, mlcError, record } from '../../../support/mlc.ts'

/** Those that only web-llm's own worker classes and stored sessions can throw, which nobody uses. */
const elsewhere = [
  'CrossContextLockUnavailableError',
  'NoServiceWorkerAPIError',
  'NonWorkerEnvironmentError',
  'ReloadArgumentSizeUnmatchedError',
  'ReloadModelIdNotUniqueError',
  'ResumableInjectedFault',
  'ResumableSessionExistsError',
  'ServiceWorkerInitializationError',
  'TextCompletionConversationError',
  'TextCompletionConversationExpectsPrompt',
  'TextCompletionExpectsKVEmptyError',
  'UnknownMessageKindError',
]

/** Those that web-llm throws only where its request has `tools`, which ours never has. */
const ofTools = [
  'CustomResponseFormatError',
  'CustomSystemPromptError',
  'JSONFieldError',
  'ToolCallOutputInvalidTypeError',
  'ToolCallOutputParseError',
  'UnsupportedModelIdError',
]

const source = readFileSync(createRequire(import.meta.url).resolve('@mlc-ai/web-llm'), 'utf8')

it('has a status and a code for every error that web-llm names', () => {
  const names = new Set(
    [...source.matchAll(/this\.name = "(\w+Error|\w+ForNonVLM)"/g)].map(
      ([, name]) => name as string,
    ),
  )
  expect(names.size).toBeGreaterThan(55)
  const unknown = [...names].filter((name) => {
    const { code } = fromMlc(mlcError(name, 'x'), 'generate', 'm')
    return code === 'engine_failed' && ![...elsewhere, ...ofTools].includes(name)
  })
  expect(unknown).toEqual([])
})

it('knows no error that web-llm does not', () => {
  const known = [...Object.keys(KINDS), ...elsewhere, ...ofTools]
  expect(known.filter((name) => !source.includes(`this.name = "${name}"`))).toEqual([])
  expect(ofTools.filter((name) => name in KINDS)).toEqual([])
})

it.each([
  ['Qwen3-8B-q4f16_1-MLC', 'required'],
  ['Llama-3.1-8B-Instruct-q4f16_1-MLC', 'auto'],
  [caller.model_id, { type: 'function', function: { name: 'f' } }],
  [caller.model_id, 'none'],
])('sends web-llm no tools that it would read the calls of: %s, %o', (model_id, tool_choice) => {
  const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }]
  const messages = [{ role: 'user', content: 'Hi' }]
  const asked = { model: model_id, messages, tools, tool_choice } as ChatRequest
  const { request } = toMlcRequest(asked, { ...record, model_id })
  expect(Object.keys(request)).not.toContain('tools')
  expect(Object.keys(request)).not.toContain('tool_choice')
})

it('reads what a worker of web-llm rejects with', () => {
  const message = 'ContextWindowSizeExceededError: Prompt tokens exceed context window size'
  expect(fromMlc(message, 'generate', 'm')).toMatchObject({
    status: 400,
    code: 'context_length_exceeded',
    message: 'messages: Prompt tokens exceed context window size',
  })
})

it('names the parameter that a message names', () => {
  const error = mlcError('MinValueError', 'Make sure `max_tokens` > 0.')
  expect(fromMlc(error, 'generate', 'm')).toMatchObject({ status: 400, param: 'max_tokens' })
})

it('tells a client nothing of what broke underneath while generating', () => {
  const error = fromMlc(new Error('secret /path'), 'generate', 'm')
  expect(error).toMatchObject({ status: 503, code: 'engine_failed' })
  expect(error.message).not.toContain('secret')
  expect(error.cause).toBeInstanceOf(Error)
})

it('knows what leaves the model unusable', () => {
  expect(needsReload(new Error('anything unknown'))).toBe(true)
  expect(needsReload(new RangeError('Maximum call stack size exceeded'))).toBe(true)
  expect(needsReload(mlcError('DeviceLostError', ''))).toBe(true)
  expect(needsReload(mlcError('ModelNotLoadedError', ''))).toBe(true)
  expect(needsReload(mlcError('MinValueError', ''))).toBe(false)
  expect(needsReload(mlcError('GrammarMatcherInitError', ''))).toBe(false)
})
