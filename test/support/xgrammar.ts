// The xgrammar that web-llm has in its bundle and does not export: what it compiles here, it compiles in a
// browser.

import { webllmInsides } from './webllm-insides.ts'

/** The parts of xgrammar's binding that are used here. */
interface Xgrammar {
  Grammar: { fromStructuralTag(tag: object): Promise<object> }
  Testings: { isGrammarAcceptString(grammar: object, text: string): Promise<boolean> }
  TokenizerInfo: {
    createTokenizerInfo(
      vocabulary: string[],
      kind: string,
      addsSpace: boolean,
      size: number,
      stops: number[],
    ): Promise<object>
  }
  GrammarCompiler: {
    createGrammarCompiler(
      info: object,
    ): Promise<{ compileStructuralTag(tag: object): Promise<object> }>
  }
  GrammarMatcher: { createGrammarMatcher(grammar: object): Promise<Matcher> }
}

interface Matcher {
  acceptToken(token: number): boolean
  isTerminated(): boolean
  getNextTokenBitmask(): Promise<Int32Array>
  dispose(): void
}

async function xgrammar(): Promise<Xgrammar> {
  return (await webllmInsides()).xgrammar as Xgrammar
}

/** Whether a model that is held to a structural tag may write this text and then stop. */
export async function mayWrite(tag: object, text: string): Promise<boolean> {
  const { Grammar, Testings } = await xgrammar()
  return Testings.isGrammarAcceptString(await Grammar.fromStructuralTag(tag), text)
}

/** A token for each byte that is used, and some words; the last one ends the answer. */
const WORDS = [
  '<tool_call>',
  '</tool_call>',
  '<think>',
  '</think>',
  '{"',
  '": ',
  'true',
  ' 12',
  '\n\n',
]
const LETTERS = Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at))
const VOCABULARY = [...LETTERS, '\n', ...WORDS, '<end>']
const END = VOCABULARY.length - 1

/**
 * What a model without any sense writes under a structural tag: of the tokens that are allowed, any with the
 * same probability. Ends with the answer, or after `most` tokens.
 */
export async function writeAtRandom(tag: object, seed: number, most = 4_000): Promise<string> {
  const { TokenizerInfo, GrammarCompiler, GrammarMatcher } = await xgrammar()
  const info = await TokenizerInfo.createTokenizerInfo(
    VOCABULARY,
    'raw',
    false,
    VOCABULARY.length,
    [END],
  )
  const compiler = await GrammarCompiler.createGrammarCompiler(info)
  const matcher = await GrammarMatcher.createGrammarMatcher(
    await compiler.compileStructuralTag(tag),
  )
  let text = ''
  let state = seed
  for (let count = 0; count < most && !matcher.isTerminated(); count++) {
    const mask = await matcher.getNextTokenBitmask()
    const allowed = VOCABULARY.flatMap((_, token) => (isSet(mask, token) ? [token] : []))
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    // A model that may stop does.
    const token = allowed.includes(END) ? END : (allowed[(state >>> 8) % allowed.length] ?? END)
    if (!matcher.acceptToken(token)) throw new Error(`token ${token} was allowed and refused`)
    if (token !== END) text += VOCABULARY[token]
  }
  const isWhole = matcher.isTerminated()
  matcher.dispose()
  if (!isWhole) throw new Error(`not ended after ${most} tokens: ${text.slice(0, 200)}`)
  return text
}

function isSet(mask: Int32Array, token: number): boolean {
  return ((mask[token >> 5] ?? 0) & (1 << (token & 31))) !== 0
}
