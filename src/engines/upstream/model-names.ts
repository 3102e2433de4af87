import { namesModel } from '../../settings/patterns.ts'
import type { ResolvedUpstream } from '../../settings/upstreams.ts'
import type { Model } from '../engine.ts'

/** Translates between clients' names for an upstream's models and its own. */
export class ModelNames {
  readonly #allowed: readonly string[] | undefined
  readonly #rewrite: ReadonlyMap<string, string>

  constructor({ models, rewrite = {} }: Pick<ResolvedUpstream, 'models' | 'rewrite'>) {
    this.#allowed = models
    this.#rewrite = new Map(Object.entries(rewrite))
  }

  acceptsModel(name: string): boolean {
    return this.#allowed === undefined || namesModel(this.#allowed, name)
  }

  /** The upstream's models under clients' names, followed by those that are not renamed. */
  visibleModels(models: Model[]): Model[] {
    const withOwnName = [...this.#rewrite].flatMap(([id, own]) => {
      const model =
        models.find((each) => each.id === own) ?? models.find((each) => each.id === `${own}:latest`)
      return model ? [{ ...model, id }] : []
    })
    const unrenamed = models.filter(({ id }) => !this.#rewrite.has(id))
    return [...withOwnName, ...unrenamed].filter(({ id }) => this.acceptsModel(id))
  }

  /** The request with the upstream's own model name; the same object where it needs no change. */
  renamed<T extends { model?: string | null | undefined }>(request: T): T {
    const own = request.model ? this.#rewrite.get(request.model) : undefined
    return own === undefined ? request : { ...request, model: own }
  }
}
