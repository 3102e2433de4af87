/** How many tabs there are. */
import type { Tab } from './tab.ts'

/** Tabs by what they do now. `away`: the connection has broken, and may come back. */
export type TabCounts = Record<'free' | 'answering' | 'paused' | 'away', number>

export function countTabs(tabs: Iterable<Tab>): TabCounts {
  const counts = { free: 0, answering: 0, paused: 0, away: 0 }
  for (const tab of tabs) counts[doing(tab)]++
  return counts
}

function doing({ isConnected, running, state }: Tab): keyof TabCounts {
  if (!isConnected) return 'away'
  if (running > 0) return 'answering'
  return state.paused ? 'paused' : 'free'
}
