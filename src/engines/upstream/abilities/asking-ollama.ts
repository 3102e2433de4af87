import type { Ability } from '../chat-upstream.ts'
import { askOllama, isAskedAsOllama } from '../ollama-models.ts'

/** Asks an Ollama about its models. */
export const askingOllama = ((upstream) => ({
  async askOllama(question, signal, options = {}) {
    const asked = { nativeApis: upstream.nativeApis(), kind: upstream.kind() }
    if (!isAskedAsOllama(asked, options.hops)) return undefined
    const own = (model: string) => upstream.names.renamed({ model }).model
    const translated =
      question.api === 'show' ? { ...question, model: own(question.model) } : question
    const found = await askOllama(upstream.client, translated, { ...options, signal })
    return (model: string) => found.get(own(model))
  },
})) satisfies Ability
