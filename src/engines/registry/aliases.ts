import type { Model } from '../engine.ts'

/** The model that each name stands for: `{ "gpt-4o": "qwen3:8b" }`. */
export type Aliases = Readonly<Record<string, string>>

/** The model that a name stands for; itself where it is no alias. */
export function resolveAlias(name: string | undefined, aliases: Aliases): string | undefined {
  return name !== undefined && Object.hasOwn(aliases, name) ? aliases[name] : name
}

/** The aliases of models that are served, as models; `root` names what each stands for. */
export function aliasModels(models: Model[], aliases: Aliases): Model[] {
  return Object.entries(aliases).flatMap(([id, target]) => {
    const model =
      models.find((each) => each.id === target) ??
      models.find((each) => each.id === `${target}:latest`)
    return model ? [{ ...model, id, root: model.id }] : []
  })
}
