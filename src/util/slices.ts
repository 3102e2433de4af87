/**
 * Long work in steps. Reading the settings of ten thousand keys takes a tenth of a second, in which no
 * stream could go on: between two steps, other work may run.
 */
export type Steps<T> = Generator<void, T, void>

/** Milliseconds after which other work gets a turn. */
const SLICE = 5

/** Steps after which it does where the clock stands still. */
const UNTIMED_STEPS = 4

/** Does all steps at once. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

/**
 * Does the steps, with a turn for other work whenever a slice of time is over, which has so many milliseconds.
 * Rejects where `pause` does.
 */
export async function inSlices<T>(
  steps: Steps<T>,
  pause: () => Promise<void> = turn,
  slice = SLICE,
): Promise<T> {
  let count = 0
  for (let began = performance.now(); ; ) {
    const step = steps.next()
    if (step.done) return step.value
    const passed = performance.now() - began
    // Between two events, the clock of workerd stands still.
    if (passed < slice && (passed > 0 || ++count < UNTIMED_STEPS)) continue
    await pause()
    began = performance.now()
    count = 0
  }
}

/** Milliseconds that are left to other work between the slices of several works, and when the last one ended. */
const APART = 0.5
let lastEnd = Number.NEGATIVE_INFINITY

/**
 * Pauses once or more between two slices of a work of which there may be many at a time: no two of them go on in
 * the same turn, as all slices together would take too long.
 */
export async function takeTurns(pause: () => Promise<void>): Promise<void> {
  lastEnd = performance.now()
  do await pause()
  while (performance.now() - lastEnd < APART)
}

/** A timer, since a resolved promise would let nothing but other promises run. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1))
}
