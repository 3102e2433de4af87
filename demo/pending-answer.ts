/**
 * The answer that this tab is receiving, so that the page can go on with it when it is loaded again. It is in
 * the tab's session storage for as long as the answer takes, and holds neither its text nor the API key.
 */
import { root } from './api.ts'

export interface PendingAnswer {
  /** Where the server has the events of the answer. */
  address: string
  /** The conversation whose last message it is. */
  conversation: string
  /** How many events the conversation shows. */
  shown: number
  /** Milliseconds since 1970. */
  sentAt: number
  /** Milliseconds from the request to the first token, if that has come. */
  first?: number | undefined
}

const NAME = 'sluice.answer'

export function rememberAnswer(pending: PendingAnswer): void {
  try {
    sessionStorage.setItem(NAME, JSON.stringify(pending))
  } catch {
    // Storage is full or disabled: the answer ends with the page.
  }
}

export function forgetAnswer(): void {
  try {
    sessionStorage.removeItem(NAME)
  } catch {
    // Storage is disabled: there is nothing to forget.
  }
}

/** Undefined where there is none, or where what is stored is not what this page writes. */
export function pendingAnswer(): PendingAnswer | undefined {
  try {
    const stored = JSON.parse(sessionStorage.getItem(NAME) ?? 'null') as PendingAnswer | null
    // The key is sent to the address: it has to be one of the API that the page uses.
    return stored?.address.startsWith(`${root}/streams/`) ? stored : undefined
  } catch {
    return undefined
  }
}
