import type { Model } from '../engine.ts'

/** The model for each alias: `{ "gpt-4o": "qwen3:8b" }`. */
export type Aliases = Readonly<Record<string, string>>

/** The model that an alias stands for; any other name unchanged. */
export function resolveAlias(name: string | undefined, aliases: Aliases): string | undefined {
  return name !== undefined && Object.hasOwn(aliases, name) ? aliases[name] : name
}

/** Entries for `GET /v1/models`, one per alias whose model is served; `root` is that model's id. */
export function aliasModels(models: Model[], aliases: Aliases): Model[] {
  return Object.entries(aliases).flatMap(([id, target]) => {
    const model =
      models.find((candidate) => candidate.id === target) ??
      models.find((candidate) => candidate.id === `${target}:latest`)
    return model ? [{ ...model, id, root: model.id }] : []
  })
}

/** The name without the tag that Ollama gives a model by default. */
export function withoutLatest(name: string): string {
  return name.replace(/:latest$/, '')
}
