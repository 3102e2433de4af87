import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { helpLines, readEntry } from '../../../../src/cli/chat/commands.ts'
import { Composer } from '../../../../src/cli/chat/composer.ts'
import { pasteReader } from '../../../../src/cli/chat/keys.ts'

describe('lines', () => {
  function compose(...lines: string[]) {
    const composer = new Composer()
    return lines.map((line) => composer.add(line))
  }

  it.each([
    [['Hello'], ['Hello']],
    [
      ['a\\', 'b\\', 'c'],
      [undefined, undefined, 'a\nb\nc'],
    ],
    [
      ['\\', 'b'],
      [undefined, '\nb'],
    ],
    [
      ['"""a', '', 'b"""', 'c'],
      [undefined, undefined, 'a\n\nb', 'c'],
    ],
    [
      ['"""', 'a\\', '"""'],
      [undefined, undefined, 'a\\'],
    ],
    [['"""a"""'], ['a']],
    [
      ['say """', 'x'],
      ['say """', 'x'],
    ],
  ])('%j are %j', (lines, messages) => {
    expect(compose(...lines).map((each) => each?.text)).toEqual(messages)
  })

  it('in quotes are told apart from commands', () => {
    expect(compose('"""/help"""')).toEqual([{ text: '/help', quoted: true }])
    expect(compose('/help')).toEqual([{ text: '/help', quoted: false }])
  })

  it('that are pasted wait for one that is typed', () => {
    const composer = new Composer()
    expect(composer.add('a\\', true)).toBeUndefined()
    expect(composer.isOpen).toBe(true)
    expect(composer.add('b')).toEqual({ text: 'a\\\nb', quoted: false })
    expect(composer.isOpen).toBe(false)
    composer.add('"""')
    composer.clear()
    expect(composer.add('c')?.text).toBe('c')
  })
})

describe('an entry', () => {
  it.each([
    ['  ', { kind: 'nothing' }],
    [' Hello ', { kind: 'message', text: 'Hello' }],
    ['//etc/hosts', { kind: 'message', text: '/etc/hosts' }],
    ['/model  a b ', { kind: 'command', name: 'model', rest: 'a b' }],
    ['/quit', { kind: 'command', name: 'exit', rest: '' }],
    [
      '/constructor',
      { kind: 'unknown', message: expect.stringContaining('There is no command /constructor') },
    ],
    ['/sytem x', { kind: 'unknown', message: expect.stringContaining('did you mean /system?') }],
    ['/clear all', { kind: 'unknown', message: '/clear takes no argument.' }],
    ['/', { kind: 'unknown', message: expect.stringContaining('/help lists the commands') }],
  ])('%j is read', (typed, entry) => {
    expect(readEntry(typed)).toEqual(entry)
  })

  it('is explained by /help, with the file that keeps it', () => {
    const told = helpLines('/home/me/history', 120).join('\n')
    for (const name of ['model NAME', 'raw', 'retry', 'exit']) expect(told).toContain(`/${name}`)
    expect(told).toContain('/home/me/history')
    expect(told).toMatch(/^\/model NAME +Use another model/m)
    for (const line of helpLines('/a/file', 30)) expect(line.length).toBeLessThanOrEqual(30)
    expect(helpLines(undefined, 80).join('\n')).toContain('not saved')
  })
})

describe('a paste', () => {
  const [open, close] = ['\u001b[200~', '\u001b[201~']

  function read(pieces: string[]) {
    const given: [string, boolean][] = []
    const take = pasteReader((text, pasted) => given.push([text, pasted]))
    for (const piece of pieces) take(piece)
    return {
      typed: given.flatMap(([text, pasted]) => (pasted ? [] : [text])).join(''),
      pasted: given.flatMap(([text, pasted]) => (pasted ? [text] : [])).join(''),
    }
  }

  it('is told apart from what is typed, and none of it is a key', () => {
    expect(read([`a${open}b\r\tc\u0003\u001b[Ad${close}e\u001b[A`])).toEqual({
      typed: 'ae\u001b[A',
      pasted: 'b\r\tc[Ad',
    })
  })

  it('is so too where its marks are cut behind their second character', () => {
    const text = fc.stringMatching(/^[a-z\r\t ]*$/)
    fc.assert(
      fc.property(text, text, fc.integer({ min: 3, max: 6 }), (typed, pasted, cut) => {
        const pieces = [typed + open.slice(0, cut), open.slice(cut) + pasted + close.slice(0, cut)]
        expect(read([...pieces, close.slice(cut) + typed])).toEqual({
          typed: typed + typed,
          pasted,
        })
      }),
    )
  })
})
