/** The columns of the table: what each client is asked to do, and when it passes. */

export interface Cell {
  /** The column's heading. */
  heading: string
  /** What the column means, below the table. */
  about: string
  /** How long it may take, in seconds. */
  seconds: number
}

export const cells = {
  text: {
    heading: 'text',
    about: 'the answer to one question is shown',
    seconds: 120,
  },
  tool: {
    heading: 'tool',
    about: 'the model calls one of the client’s own tools, which runs; the model gets its output',
    seconds: 120,
  },
  parallel: {
    heading: 'parallel calls',
    about: 'the model calls a tool twice at once, and each call gets its own output',
    seconds: 120,
  },
  turns: {
    heading: 'two turns',
    about:
      'a second question of the same conversation reaches the model with the first one and its answer',
    seconds: 240,
  },
  interrupt: {
    heading: 'interrupt',
    about: 'Ctrl-C in the middle of an answer ends the client, and the server stops generating',
    seconds: 120,
  },
  key: {
    heading: 'wrong key',
    about: 'the client says that the key is wrong',
    seconds: 120,
  },
  model: {
    heading: 'unknown model',
    about: 'the client says that there is no such model',
    seconds: 120,
  },
  limit: {
    heading: 'rate limit',
    about:
      'sluice answers 429 with `Retry-After`: the client tries again in time, or says why it stops',
    seconds: 180,
  },
  down: {
    heading: 'server down',
    about: 'the server behind sluice has crashed: the client says that the request failed',
    seconds: 240,
  },
} satisfies Record<string, Cell>

export type CellName = keyof typeof cells
export const CELL_NAMES = Object.keys(cells) as CellName[]
