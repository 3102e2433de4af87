/** What the service worker and the pages say to each other. */

export type ToPage =
  /** Whoever runs the engine sends a port to it. */
  { kind: 'engine-wanted' }

export type FromPage =
  /** Brings a port to the engine along. */
  | { kind: 'engine' }
  /** The page that ran the engine is closed. */
  | { kind: 'engine-gone' }
