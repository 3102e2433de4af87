import { namesModel } from '../../settings/patterns.ts'
import type { Model } from '../engine.ts'

export interface ModelNamesOptions {
  /** The names an upstream may be asked for; `*` stands for anything. All by default. */
  models?: readonly string[] | undefined
  /** What it calls the models that clients know by other names. */
  rewrite?: Readonly<Record<string, string>> | undefined
}

/** The names by which clients know an upstream's models. */
export class ModelNames {
  readonly #allowed: readonly string[] | undefined
  readonly #rewrite: ReadonlyMap<string, string>

  constructor({ models, rewrite = {} }: ModelNamesOptions) {
    this.#allowed = models
    this.#rewrite = new Map(Object.entries(rewrite))
  }

  takes(name: string): boolean {
    return this.#allowed === undefined || namesModel(this.#allowed, name)
  }

  /** What an upstream lists, as clients may know it: other names first, each without its own. */
  visibleModels(models: Model[]): Model[] {
    const withOwnName = [...this.#rewrite].flatMap(([id, own]) => {
      const model =
        models.find((each) => each.id === own) ?? models.find((each) => each.id === `${own}:latest`)
      return model ? [{ ...model, id }] : []
    })
    const owns = models.filter(({ id }) => !this.#rewrite.has(id))
    return [...withOwnName, ...owns].filter(({ id }) => this.takes(id))
  }

  /** The request in the upstream's own words; the same object where they are the client's. */
  renamed<T extends { model?: string | null | undefined }>(request: T): T {
    const own = request.model ? this.#rewrite.get(request.model) : undefined
    return own === undefined ? request : { ...request, model: own }
  }
}
