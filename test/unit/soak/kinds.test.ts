import { describe, expect, it } from 'vitest'
import { bodyOf, KINDS } from '../../soak/kinds.ts'
import { readOptions } from '../../soak/options.ts'
import { type Assignment, chatFrames, readAssignment, stamped, wholeChat } from '../../soak/text.ts'

const [CHAT] = KINDS
const ASKED: Assignment = { id: 'good-1-7', tokens: 9, every: 25, shape: 'text' }

function judged(change: (text: string) => string): string[] {
  const frames = chatFrames(ASKED, 'good', true).map((frame, at) => stamped(frame, 1e15 + at))
  return CHAT?.judge(change(frames.join('')), ASKED) ?? ['There is no such kind.']
}

describe('a stream of the soak', () => {
  it('is right where every byte is as the upstream sent it', () => {
    expect(judged((text) => text)).toEqual([])
  })

  it('may have heartbeats between its events', () => {
    const [first = ''] = chatFrames({ ...ASKED, tokens: 1 }, 'good', true)
    const empty = first
      .replace(/"content":"[^}]*"/, '"content":""')
      .replace('"role":"assistant",', '')
    expect(judged((text) => `: ping\n${text}`)).toEqual([])
    expect(judged((text) => text.replace('\n\n', `\n\n${empty}`))).toEqual([])
  })

  it.each([
    ['a changed byte', (text: string) => text.replace('two\\nlines', 'two\\nlinez')],
    ['a lost token', (text: string) => text.replace(/data: \{[^\n]*:3 [^\n]*\n\n/, '')],
    ['a repeated token', (text: string) => text.replace(/(data: \{[^\n]*:3 [^\n]*\n\n)/, '$1$1')],
    ["another stream's token", (text: string) => text.replace('good-1-7:4', 'good-1-8:4')],
    ['no end', (text: string) => text.replace('data: [DONE]\n\n', '')],
  ])('is wrong with %s', (_, change) => {
    expect(judged(change)).toHaveLength(1)
  })

  it('asks for what the upstream then reads', () => {
    for (const kind of KINDS) {
      const asked = { ...ASKED, shape: kind.shape }
      expect(readAssignment(bodyOf(kind, asked))).toEqual(asked)
    }
  })

  it('is compared whole where it came whole', () => {
    const whole = KINDS.find(({ name }) => name === 'whole')
    const text = JSON.stringify(wholeChat(ASKED, 'good'))
    expect(whole?.judge(text, ASKED)).toEqual([])
    expect(whole?.judge(text.replace('quoted', 'quotes'), ASKED)).toHaveLength(1)
  })
})

describe('the options of the soak', () => {
  it('name the host and the attacks', () => {
    const options = readOptions([
      'node',
      '--minutes',
      '2',
      '--attackers=usage,hang-ups',
      '--without',
      'hang-ups',
    ])
    expect(options).toMatchObject({ host: 'node', minutes: 2, attacks: ['usage'] })
    expect(readOptions(['bun'])?.attacks).toContain('reload')
    expect(readOptions(['bun', '--help'])).toBeUndefined()
  })

  it.each([
    [['opera']],
    [['bun', '--minutes', '0']],
    [['bun', '--attackers', 'hang-up']],
    [['bun', '-x']],
  ])('refuse %j', (args) => {
    expect(() => readOptions(args)).toThrow(/expected .*see --help\.$/)
  })

  it('say what to write where no host is given', () => {
    const expected = 'host: expected one of bun, deno, node, workerd, got nothing; write "npm run'
    expect(() => readOptions([])).toThrow(expected)
    expect(() => readOptions([''])).toThrow(expected)
  })
})
