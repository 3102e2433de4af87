import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ChunkChoice } from '../../../../src/wire/chat/request.ts'
import {
  type SeparatedText,
  ThinkSeparator,
  ThinkText,
  thinkSeparator,
  wantsThinking,
} from '../../../../src/wire/contract/think.ts'

type How = 'separate' | 'unopened'

/** The parts of a text that comes in these pieces, each kind joined. */
function split(how: How, pieces: string[]): SeparatedText {
  const text = new ThinkText(how)
  const parts = [...pieces.map((piece) => text.add(piece)), text.flush()]
  return {
    reasoning: parts.map(({ reasoning }) => reasoning).join(''),
    content: parts.map(({ content }) => content).join(''),
  }
}

function cutAt(text: string, places: number[]): string[] {
  const ends = [...new Set(places.map((place) => place % (text.length + 1)))].sort((a, b) => a - b)
  return [...ends, text.length].map((end, at, all) => text.slice(all[at - 1] ?? 0, end))
}

/** What models write and what looks like it: tags, halves of them, and words. */
const words = fc
  .array(
    fc.oneof(
      fc.constantFrom('<', '<think', '<thi', 'think>', '</', '</thi', '>', '\n', ' ', 'Hm. ', '🌊'),
      fc.string({ unit: 'binary', maxLength: 4 }),
    ),
    { maxLength: 8 },
  )
  .map((all) => all.join(''))
const thought = words.filter((text) => !text.includes('</think>'))
const blank = fc.stringMatching(/^[ \n\t]{0,5}$/)
const places = fc.array(fc.nat(), { maxLength: 12 })
const how = fc.constantFrom<How>('separate', 'unopened')

describe('thinking in a text', () => {
  it('is told apart to the letter, however the text is cut', () => {
    const property = fc.property(
      how,
      blank,
      thought,
      words,
      places,
      (mode, before, said, after, cuts) => {
        // A thought that ends in half a tag would make a whole one with what follows.
        const text = `${before}<think>${said}</think>${after}`
        const at = text.indexOf('</think>')
        const reasoning = text.slice(before.length + '<think>'.length, at)
        const content = before + text.slice(at + '</think>'.length)
        expect(split(mode, cutAt(text, cuts))).toEqual({ reasoning, content })
      },
    )
    fc.assert(property, { numRuns: 2_000 })
  })

  it('needs no opening tag where the template wrote it', () => {
    const opens = (text: string) => /^\s*<think>/.test(text)
    const property = fc.property(thought, words, places, (said, after, cuts) => {
      fc.pre(!opens(said))
      const text = `${said}</think>${after}`
      const at = text.indexOf('</think>')
      const content = text.slice(at + '</think>'.length)
      expect(split('unopened', cutAt(text, cuts))).toEqual({
        reasoning: text.slice(0, at),
        content,
      })
    })
    fc.assert(property, { numRuns: 2_000 })
  })

  it('goes to the end where it is not closed', () => {
    const property = fc.property(how, thought, places, (mode, said, cuts) => {
      expect(split(mode, cutAt(`<think>${said}`, cuts))).toEqual({ reasoning: said, content: '' })
    })
    fc.assert(property, { numRuns: 1_000 })
  })

  it('leaves a text that does not begin with it as it is', () => {
    const property = fc.property(words, places, (text, cuts) => {
      fc.pre(!/^\s*<think>/.test(text))
      expect(split('separate', cutAt(text, cuts))).toEqual({ reasoning: '', content: text })
    })
    fc.assert(property, { numRuns: 2_000 })
  })

  it.each([
    ['half a tag', ' <thi'],
    ['another tag', '<thinking>no</thinking>'],
    ['tags that are spoken of', 'Write `<think>` and `</think>`.'],
    ['a tag behind more white space than models write', `${' '.repeat(65)}<think>a</think>`],
    ['white space', '\n \n'],
  ])('is not %s', (_, text) => {
    for (const pieces of [[text], [...text]]) {
      expect(split('separate', pieces)).toEqual({ reasoning: '', content: text })
    }
  })

  it('is one block: what comes after it is the answer', () => {
    const text = '<think>a</think>b<think>c</think>'
    expect(split('separate', [...text])).toEqual({ reasoning: 'a', content: 'b<think>c</think>' })
  })

  it('may stop in the middle of its closing tag', () => {
    expect(split('separate', ['<think>a</thi'])).toEqual({ reasoning: 'a</thi', content: '' })
    expect(split('unopened', [' a'])).toEqual({ reasoning: ' a', content: '' })
  })

  it('is given on as it comes, but for what may be a tag', () => {
    const text = new ThinkText('separate')
    expect(text.add('<think>a <')).toEqual({ reasoning: 'a ', content: '' })
    expect(text.add('b')).toEqual({ reasoning: '<b', content: '' })
    expect(text.add('</think>c')).toEqual({ reasoning: '', content: 'c' })
    expect(text.add('<')).toEqual({ reasoning: '', content: '<' })
  })
})

describe('thinking in choices', () => {
  const choice = (delta: object, index = 0, finish_reason: 'stop' | null = null): ChunkChoice => ({
    index,
    delta: { ...delta },
    finish_reason,
  })

  it('is kept apart for each of them', () => {
    const think = new ThinkSeparator('separate')
    const choices = [
      choice({ content: '<th' }),
      choice({ content: 'B' }, 1),
      choice({ content: 'ink>a</think>' }),
      choice({ content: '</think>' }, 1),
    ]
    expect(choices.map((each) => think.separate(each))).toEqual([true, false, true, false])
    expect(choices.map(({ delta }) => delta)).toEqual([
      { content: '' },
      { content: 'B' },
      { content: '', reasoning_content: 'a' },
      { content: '</think>' },
    ])
  })

  it('gives what was held with the finish', () => {
    const think = new ThinkSeparator('separate')
    expect(think.separate(choice({ content: '<thi' }))).toBe(true)
    const last = choice({}, 0, 'stop')
    expect(think.separate(last)).toBe(true)
    expect(last.delta).toEqual({ content: '<thi' })
    const inside = new ThinkSeparator('separate', 'reasoning')
    const only = choice({ content: '<think>a<' }, 0, 'stop')
    inside.separate(only)
    expect(only.delta).toEqual({ content: '', reasoning: 'a<' })
  })

  it('is not flushed where a server leaves finish_reason out', () => {
    const think = new ThinkSeparator('separate')
    const { index, delta } = choice({ content: '<thi' })
    const first = { index, delta } as ChunkChoice
    think.separate(first)
    expect(first.delta).toEqual({ content: '' })
    const last = choice({ content: 'nk>a</think>b' }, 0, 'stop')
    think.separate(last)
    expect(last.delta).toEqual({ content: 'b', reasoning_content: 'a' })
  })

  it('loses nothing that stands beside it', () => {
    const think = new ThinkSeparator('separate')
    const both = {
      ...choice({ role: 'assistant', content: '<think>a', x: 1 }),
      logprobs: { content: [{ token: 'a' }] },
    }
    think.separate(both)
    expect(both).toEqual({
      index: 0,
      delta: { role: 'assistant', content: '', reasoning_content: 'a', x: 1 },
      finish_reason: null,
      logprobs: { content: [{ token: 'a' }] },
    })
  })

  it('is left to a server that separates it by itself', () => {
    const think = new ThinkSeparator('unopened')
    expect(think.separate(choice({ reasoning: 'a', content: null }))).toBe(false)
    expect(think.separate(choice({ content: '<think>b' }))).toBe(false)
  })

  it('is separated in a whole message', () => {
    const think = new ThinkSeparator('separate', 'reasoning')
    const message = { content: '\n<think>a</think>\n\nb' }
    expect(think.separateWhole(message)).toBe(true)
    expect(message).toEqual({ content: '\n\n\nb', reasoning: 'a' })
    for (const left of [
      { content: null },
      { content: 'b' },
      { content: '<think>', reasoning: 'a' },
    ]) {
      const before = structuredClone(left)
      expect(think.separateWhole(left)).toBe(false)
      expect(left).toEqual(before)
    }
  })
})

describe('a request', () => {
  const messages = [{ role: 'user' as const, content: 'x' }]

  it.each([
    [{}, undefined],
    [{ enable_thinking: false }, false],
    [{ chat_template_kwargs: { enable_thinking: true } }, true],
    [{ reasoning_effort: 'none' }, false],
    [{ reasoning_effort: 'high' }, undefined],
  ])('%j asks for thinking: %s', (fields, wanted) => {
    expect(wantsThinking({ messages, ...fields })).toBe(wanted)
  })

  it('that wants no thinking gets an answer that does not begin with it', () => {
    const answer = () => ({ content: 'Yes.' })
    const [thinks, answers] = [answer(), answer()]
    thinkSeparator('unopened', undefined, { messages })?.separateWhole(thinks)
    const asked = { messages, enable_thinking: false }
    thinkSeparator('unopened', undefined, asked)?.separateWhole(answers)
    expect(thinks).toEqual({ content: '', reasoning_content: 'Yes.' })
    expect(answers).toEqual({ content: 'Yes.' })
    expect(thinkSeparator('keep', undefined, { messages })).toBeUndefined()
  })
})
