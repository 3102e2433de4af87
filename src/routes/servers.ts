/** The servers behind sluice, where a request names one or may go to any of them. */
import type { Catalog, CatalogEntry } from '../engines/registry/catalog.ts'
import { quoted } from '../util/safe/quoted.ts'
import { badRequest } from '../wire/errors/api-error.ts'

/** Milliseconds for which the lists of models count as current. */
const MAX_AGE = 30_000

/** All engines but the built-in one. */
export async function serversOf(catalog: Pick<Catalog, 'cachedEntries'>): Promise<CatalogEntry[]> {
  return (await catalog.cachedEntries(MAX_AGE)).slice(0, -1)
}

export function labelsOf(entries: readonly CatalogEntry[]): string {
  return entries.map(({ engine }) => engine.label).join(', ')
}

export function withLabel(
  entries: readonly CatalogEntry[],
  label: string,
): CatalogEntry | undefined {
  return entries.find(({ engine }) => engine.label === label)
}

/** The one that a request names. Throws an `ApiError` (400) where there is none. */
export function serverLabelled(
  entries: readonly CatalogEntry[],
  label: string,
  wanted = 'an upstream',
): CatalogEntry {
  const entry = withLabel(entries, label)
  if (entry !== undefined) return entry
  throw badRequest(
    `upstream: expected the label of ${wanted} (${labelsOf(entries) || 'none'}), got ${quoted(label)}; name one of them.`,
    'upstream',
  )
}
