/** An exponentially weighted moving average; `initial` stands until the first value comes. */
export class MovingAverage {
  #value: number | undefined
  readonly #initial: number

  constructor(initial: number) {
    this.#initial = initial
  }

  get value(): number {
    return this.#value ?? this.#initial
  }

  add(value: number): void {
    this.#value = this.#value === undefined ? value : this.#value * 0.7 + value * 0.3
  }
}
