/** The names and titles of the page's views: of its first paint, which the build writes, as well. */
export const VIEWS = [
  ['start', 'Start'],
  ['chat', 'Chat'],
  ['connect', 'Connect'],
  ['share', 'Share'],
  ['activity', 'Activity'],
  ['engines', 'Engines'],
  ['keys', 'Keys'],
  ['captures', 'Captures'],
] as const

export type ViewName = (typeof VIEWS)[number][0]

/** Those that a narrow screen shows at once; the others are behind a button. */
export const FIRST_VIEWS: readonly ViewName[] = ['start', 'chat', 'connect', 'activity']
