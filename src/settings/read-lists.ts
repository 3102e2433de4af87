/** Lists of settings that were read, which need not be read again. */
import type { SettingsInput } from './generated/settings-input.ts'

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
