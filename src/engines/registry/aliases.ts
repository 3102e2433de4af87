import type { Model } from '../engine.ts'
import { modelWithId } from './model-index.ts'

/** The model for each alias: `{ "gpt-4o": "qwen3:8b" }`. */
export type Aliases = Readonly<Record<string, string>>

/** The model that an alias stands for; any other name unchanged. */
export function resolveAlias(name: string | undefined, aliases: Aliases): string | undefined {
  return name !== undefined && Object.hasOwn(aliases, name) ? aliases[name] : name
}

/** Entries for `GET /v1/models`, one per alias whose model is served; `root` is that model's id. */
export function aliasModels(models: readonly Model[], aliases: Aliases): Model[] {
  return Object.entries(aliases).flatMap(([id, target]) => {
    const model = modelWithId(models, target) ?? modelWithId(models, `${target}:latest`)
    return model ? [{ ...model, id, root: model.id }] : []
  })
}
