import { expect, it } from 'vitest'
import { ruleText } from '../../../demo/captures/rule-text.ts'
import { explain, isBuiltIn, kindName } from '../../../demo/engines/words.ts'
import type { EngineActivity } from '../../../src/wire/activity/schema.ts'

function engine(more: Partial<EngineActivity>): EngineActivity {
  return {
    label: 'one',
    state: 'up',
    breaker: 'closed',
    running: 0,
    models: [],
    loaded: [],
    recent: [],
    ...more,
  }
}

it('explains every state but up', () => {
  expect(explain(engine({}))).toBeUndefined()
  for (const state of ['down', 'open', 'half-open', 'unknown'] as const) {
    expect(explain(engine({ state }))?.what).toMatch(/\.$/)
  }
})

it('says how to start a server that is down, by its kind or its label', () => {
  expect(explain(engine({ state: 'down', kind: 'ollama' }))?.command).toBe('ollama serve')
  expect(explain(engine({ state: 'down', label: 'ollama' }))?.command).toBe('ollama serve')
  expect(explain(engine({ state: 'down', label: 'constructor' }))).not.toHaveProperty('command')
  expect(kindName('toString')).toBe('toString')
  const error = 'one can’t be reached'
  expect(explain(engine({ state: 'down', error }))?.remedy).toBe(error)
})

it('knows the built-in engine from a server with the same name', () => {
  expect(isBuiltIn(engine({ label: 'static', models: ['static'] }))).toBe(true)
  expect(isBuiltIn(engine({ label: 'static', models: ['qwen3'] }))).toBe(false)
})

it.each([
  ['off', 'nothing'],
  ['all', 'all requests'],
  ['key=a=b', 'requests of key a=b'],
  ['engine=gpu', 'requests to engine gpu'],
  ['next=1', 'the next request'],
  ['next=3', 'the next 3 requests'],
  ['something new', 'something new'],
])('words the rule %s', (rule, text) => {
  expect(ruleText(rule)).toBe(text)
})
