/** Colours of a terminal. They repeat what a word or a sign says already. */

export type Colour = 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'cyan'

/** Adds escape sequences to texts, or leaves them as they are. */
export interface Painter {
  strong(text: string): string
  weak(text: string): string
  /** Dark on light, for the row that is selected and for titles. */
  reversed(text: string): string
  coloured(text: string, colour: Colour | undefined): string
}

const CODES: Readonly<Record<Colour, number>> = {
  red: 31,
  green: 32,
  yellow: 33,
  blue: 34,
  magenta: 35,
  cyan: 36,
}

/** `NO_COLOR` leaves out every style, as in the other commands. */
export function paintFor(wanted: boolean): Painter {
  const paint = (code: number) => (text: string) =>
    wanted && text !== '' ? `\u001b[${code}m${text}\u001b[0m` : text
  return {
    strong: paint(1),
    weak: paint(2),
    reversed: paint(7),
    coloured: (text, colour) => (colour === undefined ? text : paint(CODES[colour])(text)),
  }
}

const STATES: Readonly<Record<string, Colour>> = {
  queued: 'yellow',
  loading: 'yellow',
  prefill: 'cyan',
  streaming: 'green',
  blocked: 'magenta',
  stalled: 'red',
  failed: 'red',
  refused: 'red',
  cancelled: 'yellow',
  up: 'green',
  down: 'red',
  open: 'red',
  'half-open': 'yellow',
}

/** The colour of a request's or an engine's state, or of an outcome. */
export function colourOf(state: string): Colour | undefined {
  return Object.hasOwn(STATES, state) ? STATES[state] : undefined
}
