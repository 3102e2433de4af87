/** Counters and histograms in preallocated arrays, by the values of their labels. */
import { type CounterName, counters, type HistogramName, histograms, isOpen } from './families.ts'

/** Stands for a value beyond what a metric has room for, or one that is no label. */
export const OTHER = 'other'

/** The most combinations of label values of one metric; a histogram has about twenty numbers for each. */
const MAX_SERIES = { counter: 1_000, histogram: 200 }

/** Of which no label has a value: it separates them. */
const SEPARATOR = '\u0000'

/** The values of one metric's labels, in the order of their names. */
export type LabelValues = readonly string[]

/** One metric: where the numbers of each combination of label values are. */
class Family<T> {
  readonly labels: readonly string[]
  readonly series = new Map<string, { values: LabelValues; numbers: T }>()
  readonly #make: () => T
  readonly #most: number
  /** Called for each observation that has no room of its own. */
  readonly #onDrop: () => void

  constructor(labels: readonly string[], make: () => T, most: number, onDrop: () => void) {
    this.labels = labels
    this.#make = make
    this.#most = most
    this.#onDrop = onDrop
  }

  /** The numbers of this combination; beyond the limit, those of one that has no names. */
  of(values: LabelValues): T {
    const known = this.series.get(values.join(SEPARATOR))
    if (known !== undefined) return known.numbers
    if (this.series.size < this.#most) return this.#add(values)
    this.#onDrop()
    const nameless = this.labels.map((label, index) => {
      return isOpen(label) ? OTHER : (values[index] ?? '')
    })
    return this.series.get(nameless.join(SEPARATOR))?.numbers ?? this.#add(nameless)
  }

  #add(values: LabelValues): T {
    const numbers = this.#make()
    this.series.set(values.join(SEPARATOR), { values: [...values], numbers })
    return numbers
  }
}

/** How often each range of values came, and their sum. */
export class Histogram {
  readonly buckets: readonly number[]
  /** By bucket, not added up; the last one has no bound. Numbers of 53 bits, as 32 are full within weeks. */
  readonly counts: Float64Array
  /** Its only element is the sum: a field of an object would be allocated anew at each change. */
  readonly sum = new Float64Array(1)

  constructor(buckets: readonly number[]) {
    this.buckets = buckets
    this.counts = new Float64Array(buckets.length + 1)
  }

  /** Less than 0 seconds, which clocks can make of little, count as 0. */
  observe(seconds: number): void {
    const { buckets, counts, sum } = this
    const value = Math.max(seconds, 0)
    let index = 0
    while (index < buckets.length && value > (buckets[index] as number)) index++
    counts[index] = (counts[index] as number) + 1
    sum[0] = (sum[0] as number) + value
  }
}

type Counters = Record<CounterName, Family<Float64Array>>
type Histograms = Record<HistogramName, Family<Histogram>>

/** All counters and histograms. */
export class Registry {
  readonly counters: Counters
  readonly histograms: Histograms

  constructor(most = MAX_SERIES) {
    const dropped = (metric: string) => () => this.count('sluice_series_dropped_total', [metric])
    const value = () => new Float64Array(1)
    const counter = ([name, labels]: [string, readonly string[]]) =>
      [name, new Family(labels, value, most.counter, dropped(name))] as const
    const histogram = ([name, { labels, buckets }]: [string, HistogramDeclaration]) => {
      const make = () => new Histogram(buckets)
      return [name, new Family(labels, make, most.histogram, dropped(name))] as const
    }
    this.counters = Object.fromEntries(Object.entries(counters).map(counter)) as Counters
    this.histograms = Object.fromEntries(Object.entries(histograms).map(histogram)) as Histograms
  }

  count(name: CounterName, values: LabelValues, amount = 1): void {
    const numbers = this.counters[name].of(values)
    numbers[0] = (numbers[0] as number) + amount
  }

  histogram(name: HistogramName, values: LabelValues): Histogram {
    return this.histograms[name].of(values)
  }
}

interface HistogramDeclaration {
  labels: readonly string[]
  buckets: readonly number[]
}
