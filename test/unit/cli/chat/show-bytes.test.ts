import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { showBytes } from '../../../../src/cli/chat/show-bytes.ts'
import { terminalPieces, terminalText } from '../../../../src/util/safe/terminal.ts'

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const HARMFUL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/

const nasty = fc.string({
  unit: fc.oneof(
    fc.constantFrom('\r', '\n', '\t', '\u001b', '\u009b', '\u202e', '\ud83d', '\udc69', '\u200d'),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 2 }),
  ),
})

describe('what a model sends', () => {
  it('keeps line ends, tabs and joined characters, and nothing that steers a terminal', () => {
    expect(terminalText('a\n\tb \u001b[2J 👩‍👧 \u202e')).toBe('a\n\tb \\u001b[2J 👩‍👧 \\u202e')
    fc.assert(fc.property(nasty, (text) => !HARMFUL.test(terminalText(text))))
  })

  it('is the same in any pieces', () => {
    fc.assert(
      fc.property(nasty, fc.array(fc.nat(), { maxLength: 8 }), (text, cuts) => {
        const at = [0, ...cuts.map((cut) => cut % (text.length + 1)), text.length]
        at.sort((a, b) => a - b)
        const pieces = terminalPieces()
        const parts = at.slice(1).map((end, i) => pieces(text.slice(at[i], end)))
        expect(parts.join('') + pieces()).toBe(terminalText(text.replaceAll('\r\n', '\n')))
        // What is written must not be half a character.
        for (const part of parts) {
          if (text.isWellFormed()) expect(part.isWellFormed()).toBe(true)
        }
      }),
    )
  })

  it('waits for the other half of a character or of a line end, and for nothing else', () => {
    const pieces = terminalPieces()
    expect(pieces('a\ud83d')).toBe('a')
    expect(pieces('\udc69\r')).toBe('👩')
    expect(pieces('\nb')).toBe('\nb')
    expect(pieces('\r')).toBe('')
    expect(pieces()).toBe('\\u000d')
    expect(pieces()).toBe('')
  })
})

describe('bytes', () => {
  it('are shown as they are', () => {
    const bytes = new Uint8Array([...new TextEncoder().encode('data: "ä"\r\n\t\u001b'), 0xe2, 0x82])
    expect(showBytes(bytes)).toBe('data: "ä"␍␊\n<09><1b><e2><82>')
    expect(showBytes(bytes, (text) => `{${text}}`)).toContain('{<e2>}')
  })

  it('that are text and line ends are shown whole; others do no harm', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const shown = showBytes(new TextEncoder().encode(text))
        const kept = /^[\p{L}\p{N} ]*$/u.test(text)
        if (kept) expect(shown).toBe(text)
      }),
    )
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(showBytes(bytes)).not.toMatch(HARMFUL)
      }),
    )
  })
})
