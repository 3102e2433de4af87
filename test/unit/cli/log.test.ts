import { expect, it } from 'vitest'
import { formatEntry, logForm } from '../../../src/cli/log.ts'
import type { LogEntry } from '../../../src/platform/log.ts'
import { terminalLine } from '../../../src/util/safe/terminal.ts'

const entry: LogEntry = {
  time: '2026-11-20T10:00:00.000Z',
  id: 'req_1',
  method: 'POST',
  path: '/v1/chat/completions',
  status: 200,
  durationMs: 1234.4,
  outcome: 'finished',
  model: 'llama3.2',
  engine: 'ollama',
  firstTokenMs: 120.2,
  tokens: 34,
  repaired: ['role', 'done'],
}

it('tells a request in one line of text', () => {
  const [clock, ...words] = formatEntry(entry, 'text').split(' ')
  expect(clock).toMatch(/^\d\d:\d\d:\d\d$/)
  expect(words.join(' ')).toBe(
    'POST /v1/chat/completions llama3.2 200 first 120 ms 34 tokens 1234 ms finished repaired role,done',
  )
})

it('tells what was read where nothing is written', () => {
  const { firstTokenMs, repaired, ...rest } = entry
  const line = formatEntry({ ...rest, tokens: 0, promptTokens: 12 }, 'text')
  expect(line).toContain('200 12 tokens read 1234 ms')
  expect(formatEntry({ ...entry, promptTokens: 12 }, 'text')).toContain(' 34 tokens ')
})

it('tells who answered after whose failures', () => {
  const failures = ['gpu upstream_unreachable', 'gpu-2 503']
  const line = formatEntry({ ...entry, attempts: 3, failures }, 'text')
  expect(line).toContain(
    '1234 ms finished by ollama after gpu upstream_unreachable, gpu-2 503 repaired role,done',
  )
})

it('tells only what there is', () => {
  const { model, engine, firstTokenMs, tokens, repaired, ...rest } = entry
  const failed = { ...rest, status: 502, outcome: 'failed' as const, durationMs: 65_432 }
  const line = formatEntry({ ...failed, code: 'upstream_truncated', cause: 'reset' }, 'text')
  expect(line.slice(9)).toBe(
    'POST /v1/chat/completions 502 65.4 s failed upstream_truncated (reset)',
  )
})

it('tells why a request was refused, and names the field once', () => {
  const { model, engine, firstTokenMs, tokens, repaired, ...rest } = entry
  const refused = { ...rest, status: 400, outcome: 'refused' as const, code: 'invalid_value' }
  const told = (more: Partial<LogEntry>) => formatEntry({ ...refused, ...more }, 'text').slice(9)
  const line = 'POST /v1/chat/completions 400 1234 ms refused invalid_value'
  expect(told({ param: 'top_p', message: 'top_p: expected a number' })).toBe(
    `${line} top_p: expected a number`,
  )
  expect(told({ param: 'model', message: 'there is none' })).toBe(`${line} model: there is none`)
  expect(told({ param: 'model' })).toBe(`${line} model`)
  expect(told({ message: 'body: expected JSON' })).toBe(`${line} body: expected JSON`)
})

it('tells the same as JSON, on one line', () => {
  expect(formatEntry({ ...entry, durationMs: 12.345678 }, 'json')).toContain('"durationMs":12.3,')
  const hostile = { ...entry, model: 'a\nb\u2028' }
  const line = formatEntry(hostile, 'json')
  expect(line).not.toMatch(/[\n\u2028]/)
  expect(JSON.parse(line)).toEqual(hostile)
})

it('lets nothing that a client sent move the cursor or start a line', () => {
  const hostile = {
    ...entry,
    model: 'a\n12:00:00 GET /fake\u001b[2J\u009b\u202e',
    path: '/\r\u0000',
  }
  const line = formatEntry(hostile, 'text')
  expect(line).toContain('a\\u000a12:00:00 GET /fake\\u001b[2J\\u009b\\u202e')
  expect(line).toContain('/\\u000d\\u0000')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be left
  expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/)
  expect(terminalLine('qwen/qwen3:8b é 模型')).toBe('qwen/qwen3:8b é 模型')
})

it('is text on a terminal and JSON elsewhere, unless it is told', () => {
  expect(logForm('auto', true)).toBe('text')
  expect(logForm('auto', false)).toBe('json')
  expect(logForm('text', false)).toBe('text')
  expect(logForm('none', true)).toBe('none')
})
