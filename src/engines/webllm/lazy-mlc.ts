import type { Mlc, ModelRecord } from './mlc-types.ts'

/**
 * web-llm's engine, made when a model is first loaded or asked: it is 6 MB, and listing what runs here needs
 * none of it. A call rejects with the reason why it could not be made, and the next one tries again.
 *
 * @example
 * const mlc = lazyMlc(async () => new (await import('@mlc-ai/web-llm')).MLCEngine())
 */
export function lazyMlc(make: () => Promise<Mlc>): Mlc {
  let config: { model_list: ModelRecord[] } = { model_list: [] }
  let report: Parameters<Mlc['setInitProgressCallback']>[0] = () => {}
  let made: Promise<Mlc> | undefined
  const engine = () => {
    made ??= start().catch((error: unknown) => {
      made = undefined
      throw error
    })
    return made
  }
  const start = async () => {
    report({ progress: 0, timeElapsed: 0, text: 'Loading web-llm' })
    const mlc = await make()
    mlc.setAppConfig(config)
    mlc.setInitProgressCallback((progress) => report(progress))
    return mlc
  }
  return {
    setAppConfig(next) {
      config = next
      void made?.then((mlc) => mlc.setAppConfig(next)).catch(() => {})
    },
    setInitProgressCallback(next) {
      report = next
    },
    reload: async (model, options) => (await engine()).reload(model, options),
    // What was never made holds nothing.
    unload: async () => (await made)?.unload(),
    chatCompletion: async (request) => (await engine()).chatCompletion(request),
    completion: async (request) => (await engine()).completion(request),
    embedding: async (request) => (await engine()).embedding(request),
  }
}
