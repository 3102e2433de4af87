/** Reads a setting that is a list. */
import type { Steps } from '../util/slices.ts'
import type { Declaration } from './declaration.ts'
import { type Warn, warnOfList } from './deprecated.ts'
import { notShown, unexpected } from './error.ts'
import type { SettingsInput } from './generated/settings-input.ts'
import { readItems } from './text.ts'

/** Items of one step: some tenths of a millisecond. */
const ITEMS_PER_STEP = 32

/** `placeOf` is what the person who gave the list calls a text in it. */
export function* readList(
  { item, expected, secret, deprecated, isSingle }: Declaration,
  value: unknown,
  placeOf: (index: number) => string,
  shownAs: string,
  warn: Warn,
): Steps<unknown[]> {
  const items = readItems(value)
  if (!Array.isArray(items)) {
    throw secret ? notShown(shownAs, expected, value) : unexpected(shownAs, expected, value)
  }
  const read: unknown[] = []
  for (const [index, each] of items.entries()) {
    if (index % ITEMS_PER_STEP === ITEMS_PER_STEP - 1) yield
    if (each === '' && !item?.keepsEmpty) continue
    const isNumbered = typeof each !== 'string'
    const isInText = typeof value === 'string'
    const place = isNumbered ? `${shownAs}[${index}]` : isInText ? shownAs : placeOf(index)
    read.push(item?.read(each, place, warn))
  }
  if (isSingle && read.length > 1) throw unexpected(shownAs, 'one value', read, 'remove the others')
  warnOfList(deprecated, { given: value, read }, shownAs, warn)
  return read
}

/** Lists that were read, and that nothing changes any more. */
const readLists = new WeakSet<object>()

/**
 * Keeps the lists of these settings from being read again with all others, which would take as long
 * once more. Only for values that no other program gets hold of: it could change them.
 */
export function keepAsRead(values: SettingsInput): void {
  for (const value of Object.values(values)) if (Array.isArray(value)) readLists.add(value)
}

/** Those of them that are keys, each with a name and a hash of its own. */
export const distinct = new WeakSet<object>()

/** Whether it is a list that was read. */
export function isRead(value: unknown): boolean {
  return Array.isArray(value) && readLists.has(value)
}
