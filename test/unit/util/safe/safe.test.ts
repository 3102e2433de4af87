import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { enginesText, startupText } from '../../../../src/cli/startup.ts'
import { SettingsError } from '../../../../src/settings/error.ts'
import { isCode } from '../../../../src/util/safe/code.ts'
import { cut } from '../../../../src/util/safe/cut.ts'
import { errorText } from '../../../../src/util/safe/error-text.ts'
import { htmlText } from '../../../../src/util/safe/html.ts'
import { answerId } from '../../../../src/util/safe/id.ts'
import { logText } from '../../../../src/util/safe/log.ts'
import { markdownText } from '../../../../src/util/safe/markdown.ts'
import { isModelName, MAX_MODEL_NAME } from '../../../../src/util/safe/model-name.ts'
import { quoted } from '../../../../src/util/safe/quoted.ts'
import { stackText } from '../../../../src/util/safe/stack.ts'
import { terminalLine } from '../../../../src/util/safe/terminal.ts'
import { HOSTILE_TEXTS, UNSAFE_CHARACTERS, UNUSUAL_NAMES } from '../../../support/hostile.ts'

const texts = [...Object.values(HOSTILE_TEXTS), ...UNUSUAL_NAMES]
const nasty = fc.string({
  unit: fc.oneof(
    fc.constantFrom(...texts.map((text) => text.slice(0, 12))),
    fc.string({ unit: 'binary' }),
  ),
})

describe('any text', () => {
  it.each(texts)('is one line without what steers a terminal: %j', (text) => {
    for (const line of [terminalLine(text), logText(text), quoted(text), markdownText(text)]) {
      expect(line).not.toMatch(UNSAFE_CHARACTERS)
    }
    for (const lines of [
      errorText(text),
      stackText(new Error(text)),
      new SettingsError(text).message,
    ]) {
      expect(lines.replaceAll(/[\n\t]/g, '')).not.toMatch(UNSAFE_CHARACTERS)
    }
    expect(new SettingsError(text).message).not.toContain('\n')
  })

  it('stays the same value within JSON', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const line = terminalLine(JSON.stringify({ text }))
        expect(line).not.toMatch(UNSAFE_CHARACTERS)
        expect(JSON.parse(line)).toEqual({ text })
      }),
    )
  })

  it('has no element in HTML, and no cell, link or element in Markdown', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(htmlText(text)).not.toMatch(/[<>"']/)
        expect(markdownText(text)).not.toMatch(/(?<!\\)[|<[\]`]/)
      }),
    )
  })

  it('is bounded, and no character is cut in half', () => {
    expect(logText('\u0000'.repeat(10_000)).length).toBeLessThan(210)
    expect(errorText('\u0000'.repeat(100_000)).length).toBeLessThan(510)
    expect(quoted('\u0000'.repeat(10_000)).length).toBeLessThan(600)
    expect(stackText(new Error('x'.repeat(100_000))).length).toBeLessThan(8_100)
    expect(cut('a🦙b', 2)).toBe('a…')
  })
})

describe('an error text', () => {
  it.each([
    ['connect ECONNREFUSED 10.0.0.5:8000', 'connect ECONNREFUSED …'],
    ['http://192.168.1.7/x failed', 'http://…/x failed'],
    ['[::1]:8080 and localhost:9000 are down', '… and … are down'],
    ['Bearer abcdefghijklmnopqrstuvwxyz is wrong', 'Bearer … is wrong'],
    ['key sk-abcdefghijklmnopqrstuvwxyz', 'key sk-…'],
    ['boom\n    at f (/srv/app.js:1:2)\n    at g', 'boom'],
    [
      'Failed. Traceback (most recent call last):\n  File "/srv/a.py"\nValueError: x',
      'Failed. ValueError: x',
    ],
    [
      'top_p: 0.5.1 of 1.2.3; see https://docs.vllm.ai/en',
      'top_p: 0.5.1 of 1.2.3; see https://docs.vllm.ai/en',
    ],
    ['first line\nsecond', 'first line\nsecond'],
  ])('%j is told as %j', (text, told) => {
    expect(errorText(text)).toBe(told)
  })

  it('holds no secret, wherever it is cut', () => {
    const secret = 'correct-horse-battery-staple'
    for (let before = 19_960; before < 20_040; before++) {
      expect(
        errorText(`${secret.repeat(60)}${'x'.repeat(before)}${secret}`, [secret]),
      ).not.toContain('horse')
    }
    for (let before = 460; before < 520; before++) {
      expect(errorText(`${'x'.repeat(before)}${secret} y`, [secret])).not.toContain('horse')
    }
    expect(errorText(secret.repeat(1_000), [secret])).not.toContain('horse')
  })
})

describe('what is checked', () => {
  it('names of models', () => {
    for (const name of UNUSUAL_NAMES) expect(isModelName(name), name).toBe(true)
    for (const name of Object.values(HOSTILE_TEXTS)) expect(isModelName(name), name).toBe(false)
    expect(isModelName('')).toBe(false)
    expect(isModelName('x'.repeat(MAX_MODEL_NAME))).toBe(true)
  })

  it('codes of errors', () => {
    for (const code of ['model_not_found', '429', 'a.b-c', 'Not Found'])
      expect(isCode(code)).toBe(true)
    for (const code of [...Object.values(HOSTILE_TEXTS), '', 7, null])
      expect(isCode(code)).toBe(false)
  })

  it('ids of answers, of any kind', () => {
    expect(answerId('chatcmpl-1')).toBe('chatcmpl-1')
    expect(answerId(7)).toBe('7')
    expect(answerId({ toString: 1 })).toBe('{"toString":1}')
    expect(answerId('x'.repeat(1_000))).toHaveLength(256)
  })
})

it('what a server prints when it starts holds no foreign character that steers a terminal', () => {
  const style = { strong: (text: string) => text, weak: (text: string) => text }
  for (const text of texts) {
    const startup = {
      name: 'sluice',
      address: 'http://a',
      open: false,
      keys: 0,
      discover: false,
      warnings: [text],
    }
    const engines = [
      { engine: text, models: [text, text] },
      { engine: 'b', models: [], error: text },
    ]
    for (const shown of [startupText(startup, style), enginesText(engines, startup, style)]) {
      expect(shown.replaceAll('\n', '')).not.toMatch(UNSAFE_CHARACTERS)
    }
  }
})
