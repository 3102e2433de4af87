/** Values that a JSON Schema allows, drawn by a seeded generator. */

export interface Schema {
  $ref?: string
  type?: string | string[]
  enum?: unknown[]
  const?: unknown
  allOf?: Schema[]
  anyOf?: Schema[]
  oneOf?: Schema[]
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: Schema | boolean
  items?: Schema
  minItems?: number
  maxItems?: number
  minLength?: number
  maxLength?: number
  minimum?: number
  maximum?: number
  pattern?: string
  format?: string
  nullable?: boolean
}

/** Numbers from 0 to 1, the same for the same seed: mulberry32. */
export function random(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Levels below which only what is required is drawn, and the plainest of several forms. */
const DEEP = 7

/** Draws values of a document's schemas. `rare` is the chance of each optional field. */
export class Sampler {
  readonly #root: unknown
  readonly #next: () => number
  readonly #rare: number

  constructor(root: unknown, next: () => number, rare = 0.12) {
    this.#root = root
    this.#next = next
    this.#rare = rare
  }

  draw(given: Schema, depth = 0): unknown {
    const schema = this.resolve(given)
    if (schema.const !== undefined) return schema.const
    if (schema.enum) return this.#pick(schema.enum)
    const forms = schema.anyOf ?? schema.oneOf
    if (forms) return this.#ofForms(schema, forms, depth)
    if (schema.nullable && this.#next() < 0.1) return null
    const type = this.#typeOf(schema)
    if (type === 'object') return this.#object(schema, depth)
    if (type === 'array') return this.#array(schema, depth)
    if (type === 'string') return this.#string(schema)
    if (type === 'number' || type === 'integer') return this.#number(schema, type === 'integer')
    if (type === 'boolean') return this.#next() < 0.5
    return type === 'null' ? null : {}
  }

  /** A schema without references at its top, and without `allOf`. */
  resolve(schema: Schema): Schema {
    if (schema.$ref !== undefined) {
      const path = schema.$ref.replace(/^#\//, '').split('/')
      const found = path.reduce<unknown>(
        (at, key) => (at as Record<string, unknown>)[key],
        this.#root,
      )
      return this.resolve(found as Schema)
    }
    if (schema.allOf === undefined) return schema
    const { allOf, ...own } = schema
    return [...allOf.map((part) => this.resolve(part)), own].reduce(merged, {})
  }

  #ofForms(schema: Schema, forms: Schema[], depth: number): unknown {
    const { anyOf: _any, oneOf: _one, ...own } = schema
    const chosen = depth < DEEP ? this.#pick(forms) : this.#plainest(forms)
    const drawn = this.draw(own.properties ? merged(own, this.resolve(chosen)) : chosen, depth)
    return drawn
  }

  #plainest(forms: Schema[]): Schema {
    const plain = forms.find((form) => {
      const { anyOf, oneOf, properties, items } = this.resolve(form)
      return !anyOf && !oneOf && !properties && !items
    })
    return plain ?? (forms[0] as Schema)
  }

  #typeOf({ type, properties, items, additionalProperties }: Schema): string | undefined {
    if (type !== undefined) return this.#pick([type].flat())
    if (properties || additionalProperties) return 'object'
    return items ? 'array' : undefined
  }

  #object(schema: Schema, depth: number): Record<string, unknown> {
    const { properties = {}, required = [], additionalProperties: more } = schema
    const drawn: Record<string, unknown> = {}
    for (const [name, property] of Object.entries(properties)) {
      const isDrawn = required.includes(name) || (depth < DEEP && this.#next() < this.#rare)
      if (isDrawn) drawn[name] = this.draw(property, depth + 1)
    }
    if (typeof more === 'object' && depth < DEEP) {
      for (let at = this.#whole(0, 2); at > 0; at--) drawn[`key${at}`] = this.draw(more, depth + 1)
    }
    return drawn
  }

  #array({ items = {}, minItems = 0, maxItems = 1_000 }: Schema, depth: number): unknown[] {
    const most = depth < DEEP ? 3 : 0
    const count = this.#whole(minItems, Math.max(minItems, Math.min(maxItems, most)))
    return Array.from({ length: count }, () => this.draw(items, depth + 1))
  }

  #string({ minLength = 0, maxLength = 1_000, pattern, format }: Schema): string {
    if (format === 'uri') return 'https://example.com/a.png'
    const word = pattern === undefined ? this.#pick(['a', 'x y', 'text-1', 'é 狐', '{}']) : 'a1'
    return word.padEnd(minLength, 'a').slice(0, maxLength)
  }

  #number({ minimum = 0, maximum = minimum + 10 }: Schema, isWhole: boolean): number {
    if (isWhole) return this.#whole(minimum, Math.min(maximum, minimum + 10))
    return minimum + this.#next() * (maximum - minimum)
  }

  #whole(low: number, high: number): number {
    return low + Math.floor(this.#next() * (high - low + 1))
  }

  #pick<T>(all: readonly T[]): T {
    return all[Math.floor(this.#next() * all.length)] as T
  }
}

function merged(one: Schema, other: Schema): Schema {
  return {
    ...one,
    ...other,
    ...((one.properties || other.properties) && {
      properties: { ...one.properties, ...other.properties },
    }),
    ...((one.required || other.required) && {
      required: [...(one.required ?? []), ...(other.required ?? [])],
    }),
  }
}
