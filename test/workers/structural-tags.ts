// The pipeline of web-llm 0.2.79 knows no structural tags: it ignores them, and its model writes freely. With
// these, the xgrammar of the newer engine holds it to them, where the pipeline asks its own.

/** The parts of xgrammar's binding that are used here. */
export interface Xgrammar {
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
    createGrammarCompiler(info: object): Promise<{
      compileStructuralTag(tag: object): Promise<object>
    }>
  }
  GrammarMatcher: { createGrammarMatcher(grammar: object): Promise<{ dispose(): void }> }
}

interface Format {
  type: string
  structural_tag?: object
  grammar?: string
}

interface GenerationConfig {
  response_format?: Format | null
}

/** What is touched of the older pipeline. */
export interface OlderPipeline {
  prefillStep(input: unknown, role: unknown, name: unknown, config: GenerationConfig): Promise<void>
  decodeStep(config: GenerationConfig): Promise<void>
  tokenizer: { getVocabSize(): number; idToToken(id: number): string }
  token_postproc_method: string
  prepend_space_in_encode: boolean
  fullVocabSize: number
  stopTokens: number[]
  /** What it last made a matcher for; it uses the matcher again where that is the same. */
  schemaOrGrammarStr?: string
  grammarMatcher?: { dispose(): void } | undefined
}

export function withStructuralTags(pipeline: OlderPipeline, xgrammar: Xgrammar): void {
  const prefillStep = pipeline.prefillStep.bind(pipeline)
  const decodeStep = pipeline.decodeStep.bind(pipeline)
  pipeline.prefillStep = async (input, role, name, config) => {
    const tag = config?.response_format?.structural_tag
    if (tag) {
      pipeline.grammarMatcher?.dispose()
      pipeline.grammarMatcher = await matcherOf(pipeline, xgrammar, tag)
      pipeline.schemaOrGrammarStr = JSON.stringify(tag)
    }
    await prefillStep(input, role, name, asGrammar(config))
  }
  pipeline.decodeStep = (config) => decodeStep(asGrammar(config))
}

/** The same, with the tag as the name of a grammar that there is a matcher for already. */
function asGrammar(config: GenerationConfig): GenerationConfig {
  const tag = config?.response_format?.structural_tag
  if (!tag) return config
  return { ...config, response_format: { type: 'grammar', grammar: JSON.stringify(tag) } }
}

async function matcherOf(pipeline: OlderPipeline, xgrammar: Xgrammar, tag: object) {
  const { tokenizer, token_postproc_method, prepend_space_in_encode } = pipeline
  const vocabulary = Array.from({ length: tokenizer.getVocabSize() }, (_, id) =>
    tokenizer.idToToken(id),
  )
  const info = await xgrammar.TokenizerInfo.createTokenizerInfo(
    vocabulary,
    token_postproc_method,
    prepend_space_in_encode,
    pipeline.fullVocabSize,
    pipeline.stopTokens,
  )
  const compiler = await xgrammar.GrammarCompiler.createGrammarCompiler(info)
  return xgrammar.GrammarMatcher.createGrammarMatcher(await compiler.compileStructuralTag(tag))
}
