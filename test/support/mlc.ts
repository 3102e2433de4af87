// The real `MLCEngine` of web-llm over a stand-in for its pipeline: no weights and no GPU, and all
// that the engine itself does around them (locks, chunks, usage, stops, checks) is real.

import { MLCEngine } from '@mlc-ai/web-llm'
import type { Mlc, ModelRecord } from '../../src/engines/webllm/webllm.ts'
import { EmbeddingPipeline, Pipeline, type Script, type Seen } from './pipeline.ts'

export { mlcError, type Script } from './pipeline.ts'

export interface StandIn {
  mlc: Mlc
  script: Script
  seen: Seen
}

export const record: ModelRecord = {
  model: 'https://models.example/stand-in',
  model_id: 'stand-in-1B-q4f16_1-MLC',
  model_lib: 'https://models.example/stand-in.wasm',
  vram_required_MB: 900.5,
  overrides: { context_window_size: 4096 },
}

export const other: ModelRecord = { ...record, model_id: 'other-1B-q4f16_1-MLC' }

/** One that gives vectors, which may be cut to two numbers. */
export const embedder: ModelRecord = {
  ...record,
  model_id: 'embed-MLC',
  model_type: 1,
  embedding_dimensions: [2],
}

/** One that web-llm lets call functions. */
export const caller: ModelRecord = { ...record, model_id: 'Hermes-3-Llama-3.1-8B-q4f16_1-MLC' }

export function createStandIn(script: Partial<Script> = {}): StandIn {
  const full: Script = {
    tokens: ['Water', ' finds', ' its', ' way', '.'],
    loadDelay: 0,
    prefillDelay: 0,
    tokenDelay: 0,
    isEndless: false,
    context: 1_000,
    ...script,
  }
  const seen: Seen = {
    loads: [],
    contexts: [],
    unloads: 0,
    prompts: [],
    decoded: 0,
    lastTokenAt: 0,
    stops: 0,
  }
  return { mlc: assemble(full, seen), script: full, seen }
}

/** The engine's insides, as far as the stand-in touches them. */
interface Insides {
  loadedModelIdToPipeline: Map<string, unknown>
  loadedModelIdToChatConfig: Map<string, unknown>
  loadedModelIdToModelType: Map<string, number>
  loadedModelIdToLock: Map<string, unknown>
  initProgressCallback?: (report: object) => void
  reloadController: AbortController | undefined
  reload(model: string, options?: { context_window_size?: number }): Promise<void>
  unload(): Promise<void>
  getLLMStates(requestName: string, model: string): unknown[]
  getEmbeddingStates(requestName: string, model: string): unknown[]
}

function assemble(script: Script, seen: Seen): Mlc {
  const mlc = new MLCEngine({ logLevel: 'SILENT' })
  const inside = mlc as unknown as Insides
  const unload = inside.unload.bind(mlc)
  inside.unload = async () => {
    seen.unloads++
    await unload()
  }
  inside.reload = async (model, options) => {
    await unload()
    seen.loads.push(model)
    seen.contexts.push(options?.context_window_size)
    inside.reloadController = new AbortController()
    const { signal } = inside.reloadController
    for (let step = 1; step <= 10; step++) {
      if (script.loadDelay > 0) await sleep(script.loadDelay / 10)
      // As the real one does where `unload` broke it off: it only returns.
      if (signal.aborted) return
      const text = `Loading model from cache[${step}/10]`
      inside.initProgressCallback?.({ progress: step / 10, timeElapsed: 0, text })
    }
    const error = script.failLoad
    script.failLoad = undefined
    if (error) throw error
    const isEmbedder = model === embedder.model_id
    const pipeline = isEmbedder ? new EmbeddingPipeline(script) : new Pipeline(script, seen)
    inside.loadedModelIdToPipeline.set(model, pipeline)
    inside.loadedModelIdToChatConfig.set(model, chatConfig)
    inside.loadedModelIdToModelType.set(model, 0)
    inside.loadedModelIdToLock.set(model, new Lock())
  }
  const getLLMStates = inside.getLLMStates.bind(mlc)
  inside.getLLMStates = (requestName, model) => {
    const pipeline = inside.loadedModelIdToPipeline.get(model)
    // It only knows its own class of pipelines; what is not loaded it may say itself.
    if (pipeline === undefined) return getLLMStates(requestName, model)
    return [model, pipeline, inside.loadedModelIdToChatConfig.get(model)]
  }
  const getEmbeddingStates = inside.getEmbeddingStates.bind(mlc)
  inside.getEmbeddingStates = (requestName, model) => {
    const pipeline = inside.loadedModelIdToPipeline.get(model)
    return pipeline === undefined ? getEmbeddingStates(requestName, model) : [model, pipeline]
  }
  return mlc as unknown as Mlc
}

const chatConfig = {
  conv_template: {
    system_template: '{system_message}',
    system_message: '',
    roles: { user: 'user', assistant: 'assistant', tool: 'tool' },
    seps: ['\n'],
    stop_str: [],
    stop_token_ids: [],
  },
}

/** Like web-llm's own, which it does not export. */
class Lock {
  #isTaken = false
  readonly #line: (() => void)[] = []

  async acquire(): Promise<void> {
    if (this.#isTaken) await new Promise<void>((resolve) => this.#line.push(resolve))
    this.#isTaken = true
  }

  async release(): Promise<void> {
    this.#isTaken = false
    this.#line.shift()?.()
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
