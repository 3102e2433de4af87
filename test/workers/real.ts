// The engine's worker with real generation: web-llm 0.2.86's engine over the pipeline of 0.2.79, for
// whose ABI there are libraries to test with. For tests with SLUICE_TEST_MODEL alone.

import type { Mlc } from '../../src/engines/webllm/webllm.ts'
import { runEngine } from '../../src/engines/webllm/worker.ts'
import { prepareDeno } from '../../worker/deno.ts'
import { type OlderPipeline, withStructuralTags, type Xgrammar } from './structural-tags.ts'

/** What the two engines keep of a loaded model. */
const maps = [
  'loadedModelIdToPipeline',
  'loadedModelIdToChatConfig',
  'loadedModelIdToModelType',
  'loadedModelIdToLock',
] as const

type Insides = Record<(typeof maps)[number], Map<string, unknown>> & {
  getLLMStates(requestName: string, model: string): unknown[]
  setAppConfig(config: unknown): void
  setInitProgressCallback(report: unknown): void
  reload(model: string, options?: object): Promise<void>
  unload(): Promise<void>
}

runEngine(async () => {
  prepareDeno()
  const { MLCEngine } = await import('@mlc-ai/web-llm')
  const { MLCEngine: OlderEngine } = await import('web-llm-0.2.79')
  const newer = new MLCEngine({ logLevel: 'SILENT' })
  const older = new OlderEngine({ logLevel: 'SILENT' }) as unknown as Insides
  const inside = newer as unknown as Insides
  // Only a page's build for tests shows it.
  const { insides } = MLCEngine as { insides?: { xgrammar: Xgrammar } }
  const clear = () => {
    for (const map of maps) inside[map].clear()
  }
  const getLLMStates = inside.getLLMStates.bind(newer)
  const setAppConfig = inside.setAppConfig.bind(newer)
  inside.setAppConfig = (config) => {
    setAppConfig(config)
    older.setAppConfig(config)
  }
  inside.setInitProgressCallback = (report) => older.setInitProgressCallback(report)
  inside.reload = async (model, options) => {
    clear()
    await older.reload(model, options)
    for (const map of maps) for (const [id, value] of older[map]) inside[map].set(id, value)
    // 0.2.86 asks for the prompt's own token too, which 0.2.79 does not count as decoded.
    const loaded = inside.loadedModelIdToPipeline.get(model)
    if (insides) withStructuralTags(loaded as OlderPipeline, insides.xgrammar)
    const pipeline = loaded as Record<string, () => number>
    pipeline.getCurRoundCompletionTotalTokens ??= () =>
      (pipeline.getCurRoundDecodingTotalTokens?.() ?? 0) + 1
  }
  inside.unload = async () => {
    clear()
    await older.unload()
  }
  inside.getLLMStates = (requestName, model) => {
    const pipeline = inside.loadedModelIdToPipeline.get(model)
    if (pipeline === undefined) return getLLMStates(requestName, model)
    return [model, pipeline, inside.loadedModelIdToChatConfig.get(model)]
  }
  return { mlc: newer as unknown as Mlc, prebuilt: [] }
})
