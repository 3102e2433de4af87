/**
 * Finds a model in an engine's list by its name. A list may have thousands of models, and a request looks one up
 * several times, so each list is read once: a listing makes a new array, and what was found out about the
 * old one goes with it.
 */
import type { Model } from '../engine.ts'

interface ModelIndex {
  ids: ReadonlyMap<string, Model>
  /** By the names that their server lists besides the id. */
  others: ReadonlyMap<string, Model>
}

const indexes = new WeakMap<readonly Model[], ModelIndex>()

/** The first model with this id. `models`: not changed after the first call. */
export function modelWithId(models: readonly Model[], id: string): Model | undefined {
  return indexOf(models).ids.get(id)
}

/** The first model that its server also lists by this name. `models`: not changed after the first call. */
function modelWithOtherName(models: readonly Model[], name: string): Model | undefined {
  return indexOf(models).others.get(name)
}

/** The name without the tag that Ollama gives a model by default. */
export function withoutLatest(name: string): string {
  return name.replace(/:latest$/, '')
}

/** The ways to find a model by a name, the most exact first. */
export function nameFinders(name: string): ((models: readonly Model[]) => Model | undefined)[] {
  const named = [withId(name), withOtherName(name)]
  // Ollama lists `llama3.2:latest` for the name `llama3.2`; its clients may ask any server for either.
  const plain = withoutLatest(name)
  return plain === name
    ? [...named, withId(`${name}:latest`)]
    : [...named, withId(plain), withOtherName(plain)]
}

/** The model that matches a name best; undefined where none does. */
export function findByName(models: readonly Model[], name: string): Model | undefined {
  for (const find of nameFinders(name)) {
    const model = find(models)
    if (model !== undefined) return model
  }
  return undefined
}

function withId(id: string) {
  return (models: readonly Model[]) => modelWithId(models, id)
}

function withOtherName(name: string) {
  return (models: readonly Model[]) => modelWithOtherName(models, name)
}

/** A model's other names, which llama-server lists as `aliases`. */
export function otherNames({ aliases }: Model): string[] {
  return Array.isArray(aliases) ? aliases.filter((name) => typeof name === 'string') : []
}

function indexOf(models: readonly Model[]): ModelIndex {
  const known = indexes.get(models)
  if (known !== undefined) return known
  const ids = new Map<string, Model>()
  const others = new Map<string, Model>()
  for (const model of models) {
    if (!ids.has(model.id)) ids.set(model.id, model)
    for (const name of otherNames(model)) if (!others.has(name)) others.set(name, model)
  }
  const index = { ids, others }
  indexes.set(models, index)
  return index
}
