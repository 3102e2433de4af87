import { describe, expect, it } from 'vitest'
import { engineChanges, enginesText, startupText, terminalStyle } from '../../../src/cli/startup.ts'

const startup = {
  name: 'sluice 0.1.0 on bun 1.4.5',
  address: 'http://127.0.0.1:8787',
  open: false,
  keys: 0,
  discover: true,
}
const plain = terminalStyle(false, {})
const ollama = { engine: 'ollama', models: ['llama3.2:latest', "it's"] }
const dead = { engine: 'big', models: [], error: "big can't be reached." }
const spare = { engine: 'static', models: ['static'] }

describe('the start', () => {
  it('says where the server listens, and warns where other machines can reach it', () => {
    expect(startupText(startup, plain)).toBe(
      'sluice 0.1.0 on bun 1.4.5 listens at http://127.0.0.1:8787/v1\n',
    )
    expect(startupText({ ...startup, open: true }, plain)).toContain(
      '\nWarning: Other machines can reach this address, and no client needs an API key.\n',
    )
    expect(startupText({ ...startup, open: true, keys: 1 }, plain)).toContain(
      '\nClients need an API key. Other machines can reach this address.\n',
    )
    expect(startupText({ ...startup, keys: 1 }, plain)).toContain('\nClients need an API key.\n')
  })

  it('lists each engine with its models, or why it is not there', () => {
    const lines = enginesText([ollama, dead, spare], startup, plain).split('\n')
    expect(lines.slice(0, 4)).toEqual([
      'Engines and their models:',
      "  ollama  llama3.2:latest, it's",
      "  big     can't be reached.",
      '  static  static',
    ])
    expect(lines.join('\n')).not.toContain('No model server was found')
  })

  it('gives a line to try that a shell reads right', () => {
    const text = enginesText([{ engine: 'x', models: ["it's"] }], startup, plain)
    expect(text).toContain('curl -N http://127.0.0.1:8787/v1/chat/completions')
    expect(text).toContain(`-H 'content-type: application/json'`)
    expect(text).toContain(`-d '{"model":"it'\\''s","stream":true,`)
  })

  it('tries the static engine where there is nothing else, and says so', () => {
    const text = enginesText([spare], startup, plain)
    expect(text).toContain('No model server was found on this machine.')
    expect(text).toContain('"model":"static"')
    expect(enginesText([spare], { ...startup, discover: false }, plain)).not.toContain(
      'No model server',
    )
  })

  it('warns where a forwarded request would go to nobody', () => {
    const given = { ...startup, discover: false, alias: { mine: 'llama3.2' } }
    const of = (target: string, found = [ollama, spare], more = {}) =>
      enginesText(found, { ...given, ...more, passThrough: { '/tokenize': target } }, plain)
    expect(of('gone')).toContain(
      '\nWarning: passThrough: expected the label of an upstream, or a model that one lists, for /tokenize, got "gone"; requests for /tokenize that name no model fail until there is one. The labels are ollama, static.\n',
    )
    for (const target of ['ollama', 'llama3.2', 'llama3.2:latest', 'mine']) {
      expect(of(target)).not.toContain('Warning')
    }
    // It may be what this one lists, or what is found later.
    expect(of('gone', [ollama, dead])).not.toContain('Warning')
    expect(of('gone', [ollama], { discover: true })).not.toContain('Warning')
  })

  it('shows no control characters of a model', () => {
    expect(enginesText([{ engine: 'x', models: ['a\u001b[2J'] }], startup, plain)).not.toContain(
      '\u001b',
    )
  })
})

it('reports the engines that were added, changed or removed', () => {
  expect(engineChanges([spare], [spare], plain)).toBe('')
  expect(engineChanges([spare], [ollama, spare], plain)).toBe("  ollama  llama3.2:latest, it's\n")
  expect(engineChanges([ollama, spare], [spare], plain)).toBe('  ollama  removed\n')
  expect(engineChanges([{ ...dead, error: undefined }], [dead], plain)).toContain(
    "big  can't be reached.",
  )
})

it('has colours only on a terminal that wants them', () => {
  expect(terminalStyle(true, {}).strong('a')).toBe('\u001b[1ma\u001b[0m')
  expect(terminalStyle(true, { NO_COLOR: '1' }).strong('a')).toBe('a')
  expect(terminalStyle(true, { TERM: 'dumb' }).weak('a')).toBe('a')
  expect(terminalStyle(false, {}).weak('a')).toBe('a')
})
