/** Reads a setting that is a list. */
import type { Steps } from '../util/slices.ts'
import type { Declaration } from './declaration.ts'
import { type Warn, warnOfList } from './deprecated.ts'
import { notShown, unexpected } from './error.ts'
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
