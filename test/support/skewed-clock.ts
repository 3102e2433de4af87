// Loaded before a server: its clock is wrong by so many milliseconds.

const skew = Number(process.env.SLUICE_TEST_SKEW ?? 0)
const Real = Date

globalThis.Date = class extends Real {
  constructor(...given: unknown[]) {
    if (given.length === 0) super(Real.now() + skew)
    else super(...(given as [number]))
  }

  static override now(): number {
    return Real.now() + skew
  }
} as DateConstructor

export {}
