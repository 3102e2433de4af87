import { describe, expect, it } from 'vitest'
import { changes, greeting, inkFor, inventory } from '../../../src/cli/startup.ts'

const startup = {
  name: 'sluice 0.1.0 on bun 1.4.5',
  address: 'http://127.0.0.1:8787',
  open: false,
  keys: 0,
  discover: true,
}
const plain = inkFor(false, {})
const ollama = { engine: 'ollama', models: ['llama3.2:latest', "it's"] }
const dead = { engine: 'big', models: [], error: "big can't be reached." }
const spare = { engine: 'static', models: ['static'] }

describe('the start', () => {
  it('says where it listens, and warns where others can reach it', () => {
    expect(greeting(startup, plain)).toBe(
      'sluice 0.1.0 on bun 1.4.5 listens at http://127.0.0.1:8787/v1\n',
    )
    expect(greeting({ ...startup, open: true }, plain)).toContain('Other machines can connect')
  })

  it('lists each engine with its models, or why it is not there', () => {
    const lines = inventory([ollama, dead, spare], startup, plain).split('\n')
    expect(lines.slice(0, 3)).toEqual([
      "  ollama  llama3.2:latest, it's",
      "  big     can't be reached.",
      '  static  static',
    ])
    expect(lines.join('\n')).not.toContain('No server was found')
  })

  it('gives a line to try that a shell reads right', () => {
    const text = inventory([{ engine: 'x', models: ["it's"] }], startup, plain)
    expect(text).toContain('curl -N http://127.0.0.1:8787/v1/chat/completions')
    expect(text).toContain(`-H 'content-type: application/json'`)
    expect(text).toContain(`-d '{"model":"it'\\''s","stream":true,`)
  })

  it('tries the static engine where there is nothing else, and says so', () => {
    const text = inventory([spare], startup, plain)
    expect(text).toContain('No server was found on this machine yet')
    expect(text).toContain('"model":"static"')
    expect(inventory([spare], { ...startup, discover: false }, plain)).not.toContain('No server')
  })

  it('shows no control characters of a model', () => {
    expect(inventory([{ engine: 'x', models: ['a\u001b[2J'] }], startup, plain)).not.toContain(
      '\u001b',
    )
  })
})

it('tells what comes and goes', () => {
  expect(changes([spare], [spare], plain)).toBe('')
  expect(changes([spare], [ollama, spare], plain)).toBe("  ollama  llama3.2:latest, it's\n")
  expect(changes([ollama, spare], [spare], plain)).toBe('  ollama is gone\n')
  expect(changes([{ ...dead, error: undefined }], [dead], plain)).toContain(
    "big  can't be reached.",
  )
})

it('has colours only on a terminal that wants them', () => {
  expect(inkFor(true, {}).strong('a')).toBe('\u001b[1ma\u001b[0m')
  expect(inkFor(true, { NO_COLOR: '1' }).strong('a')).toBe('a')
  expect(inkFor(true, { TERM: 'dumb' }).weak('a')).toBe('a')
  expect(inkFor(false, {}).weak('a')).toBe('a')
})
