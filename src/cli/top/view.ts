/** What the screens of `sluice top` have in common. */

/** The terminal's size in characters. */
export interface Size {
  columns: number
  rows: number
}

export interface View {
  /** The request that `s` stops. */
  readonly target: string | undefined
  /** Whether text is typed, so that every key is a part of it. */
  readonly isTyping: boolean
  press(key: string, size: Size): void
  /** The lines of the screen; a message takes the place of the last one. */
  frame(size: Size, message: string, now: number): string[]
  close(): void
}

/** How many lines a key moves down; negative for up. */
export function stepOf(key: string, { rows }: Size): number {
  const page = Math.max(1, rows - 6)
  const steps: Record<string, number> = {
    ...{ up: -1, k: -1, down: 1, j: 1, pageup: -page, pagedown: page },
    ...{ home: -FAR, g: -FAR, end: FAR, G: FAR },
  }
  return Object.hasOwn(steps, key) ? (steps[key] as number) : 0
}

const FAR = 1e9
