/**
 * Why a tab is gone: `closed` by whom it belongs to, `lost` with its connection, `silent` as its script did not
 * reply, `replaced` as it joined anew, `dismissed` by the operator or with its key, `misbehaved`, or the
 * `shutdown` of the server.
 */
export type Departure =
  | 'closed'
  | 'lost'
  | 'silent'
  | 'replaced'
  | 'dismissed'
  | 'misbehaved'
  | 'shutdown'

/** Told what becomes of tabs. */
export interface TabObserver {
  onJoined(): void
  /** It came back after its connection had broken. */
  onResumed(): void
  onLeft(why: Departure): void
}
