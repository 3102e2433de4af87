import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { expect, it } from 'vitest'
import { fromMlc, needsReload } from '../../../../src/engines/webllm/errors.ts'
import { mlcError } from '../../../support/mlc.ts'

/** Those that only web-llm's own worker classes and stored sessions can throw, which nobody uses. */
const elsewhere = [
  'CrossContextLockUnavailableError',
  'JSONFieldError',
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
  'MissingModelError',
]

it('has a status and a code for every error that web-llm names', () => {
  const path = createRequire(import.meta.url).resolve('@mlc-ai/web-llm')
  const source = readFileSync(path, 'utf8')
  const names = new Set(
    [...source.matchAll(/this\.name = "(\w+Error|\w+ForNonVLM)"/g)].map(
      ([, name]) => name as string,
    ),
  )
  expect(names.size).toBeGreaterThan(55)
  const unknown = [...names].filter((name) => {
    const { code } = fromMlc(mlcError(name, 'x'), 'generate', 'm')
    return code === 'engine_failed' && !elsewhere.includes(name)
  })
  expect(unknown).toEqual([])
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
  expect(needsReload(mlcError('ToolCallOutputParseError', ''))).toBe(false)
})
