/** The tabs that are connected to the server, while an admin looks at them. */
import { signal } from '@preact/signals'
import { type ConnectedTab, listTabs } from './pairing.ts'

/** Undefined until the server has told. */
export const tabs = signal<readonly ConnectedTab[] | undefined>(undefined)
export const listProblem = signal('')

/** Milliseconds between two looks: tabs come and go by the hand of people. */
const LOOK_EVERY = 3_000

export async function refreshTabs(): Promise<void> {
  try {
    tabs.value = await listTabs()
    listProblem.value = ''
  } catch (error) {
    listProblem.value = (error as Error).message
  }
}

/** Looks until the returned function is called. */
export function followTabs(): () => void {
  void refreshTabs()
  const timer = setInterval(() => {
    if (!document.hidden) void refreshTabs()
  }, LOOK_EVERY)
  return () => clearInterval(timer)
}
