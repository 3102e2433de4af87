/** The messages between the service worker and the pages. */

export type ToPage =
  /** Asks for a port to the engine; the page that runs it answers. */
  { kind: 'engine-wanted' }

export type FromPage =
  /** Transfers a port to the engine. */
  | { kind: 'engine' }
  /** The page that ran the engine is closed. */
  | { kind: 'engine-gone' }
