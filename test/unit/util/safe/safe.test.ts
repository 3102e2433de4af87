import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { enginesText, startupText } from '../../../../src/cli/startup.ts'
import { SettingsError } from '../../../../src/settings/error.ts'
import { isCode } from '../../../../src/util/safe/code.ts'
import { cut } from '../../../../src/util/safe/cut.ts'
import { causeText, errorText } from '../../../../src/util/safe/error-text.ts'
import { htmlText } from '../../../../src/util/safe/html.ts'
import { answerId } from '../../../../src/util/safe/id.ts'
import { logText } from '../../../../src/util/safe/log.ts'
import { markdownText } from '../../../../src/util/safe/markdown.ts'
import { isModelName, MAX_MODEL_NAME } from '../../../../src/util/safe/model-name.ts'
import { quoted } from '../../../../src/util/safe/quoted.ts'
import { stackText } from '../../../../src/util/safe/stack.ts'
import { terminalLine, terminalPieces, terminalText } from '../../../../src/util/safe/terminal.ts'
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

describe('what people write and a terminal shows', () => {
  const flag = (tags: string) =>
    `\u{1f3f4}${[...tags].map((tag) => String.fromCodePoint(0xe0000 + tag.charCodeAt(0))).join('')}\u{e007f}`
  const written = [
    flag('gbeng'),
    flag('gbsct'),
    flag('gbwls'),
    '葛\u{e0100}',
    '𠀋\u{e0101}',
    'a\u00adb',
  ]

  it.each(written)('%j stays, split anywhere, and is no name', (text) => {
    const whole = `x ${text} y`
    for (const shown of [terminalText, terminalLine]) expect(shown(whole)).toBe(whole)
    for (let at = 0; at <= whole.length; at++) {
      for (let to = at; to <= whole.length; to++) {
        const next = terminalPieces()
        const parts = [whole.slice(0, at), whole.slice(at, to), whole.slice(to), undefined]
        expect(parts.map((part) => next(part)).join('')).toBe(whole)
      }
    }
    expect(isModelName(text)).toBe(false)
  })

  it.each([
    flag('usca'),
    flag('gbeng').slice(0, -2),
    flag('gbeng').slice(2),
    'a\u{e0100}',
    '葛\u{e0100}\u{e0101}',
  ])('%j alone does not', (text) => {
    expect(terminalText(text)).toMatch(/\\udb40/)
    const next = terminalPieces()
    const shown = [...text.split(''), undefined].map((part) => next(part)).join('')
    expect(shown).toBe(terminalText(text))
  })

  it('waits for nothing else', () => {
    const next = terminalPieces()
    expect(next('葛')).toBe('葛')
    expect(next('')).toBe('')
    expect(next('\u{e0100}')).toBe('\u{e0100}')
    expect(next('a')).toBe('a')
    expect(next('🏴‍☠️')).toBe('🏴‍☠️')
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
    ['[fd00::5%eth0]:80 and http://[2001:db8:0:1:2:3:4:5]/', '… and http://…/'],
    ['x at ollama 10.0.0.5:11434, version 10.0.0.5:1', 'x at ollama …, version …'],
    ['lines of\r\nWindows\r\n', 'lines of\nWindows\n'],
    ['from 10.0.0.5. Next', 'from …. Next'],
    ['Bearer eyJhbGciOi.eyJzdWIi-1.abc_def', 'Bearer …'],
    ['boom\n    at native\n    at async Promise.all (index 0)', 'boom\n    at native'],
    ['boom\n    at async file:///srv/x y.mjs:1:2\nmore', 'boom'],
  ])('%j is told as %j', (text, told) => {
    expect(errorText(text)).toBe(told)
  })

  it.each([
    'messages[12].content: expected a string',
    'tools[10].function.parameters.type must be object',
    'tensor shape mismatch: expected [4096] got [512]',
    'option [add] or [feed], slices [12:34], [1:2:3], x[::2] and y[0][::1]',
    'ollama version 0.5.7.1 on CUDA 12.2.140.1, driver 535.104.05.01, v1.2.3.4',
    'sk-learn-model-name-is-not-loaded, task-specific sk-learn-model-name-is-not-loaded',
    'bearer authentication-required-for-this',
    'line 3\n    at position 5: unexpected }',
    'expected:\n    at least 1 (got 0)\n    at line 3:5',
    'it came from 300.1.2.3 and 1.2.3.4.5',
  ])('leaves %j', (text) => expect(errorText(text)).toBe(text))

  it('of the log keeps addresses, and no keys', () => {
    const text = 'connect ECONNREFUSED 127.0.0.1:7899 and [::1]:80'
    expect(causeText(`${text} Bearer abcdefghijklmnop1234`)).toBe(`${text} Bearer …`)
    expect(causeText('a\u001bb')).toBe('a\\u001bb')
    expect(causeText('\u0000'.repeat(100_000)).length).toBeLessThan(510)
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
