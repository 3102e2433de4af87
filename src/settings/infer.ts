/** The types of values, out of their declarations. */
import type * as z from 'zod/mini'

interface Declared {
  schema: () => z.ZodMiniType
}

/** What may be given. */
export type InputOf<D extends Declared> = z.input<ReturnType<D['schema']>>

/** What it becomes. */
export type OutputOf<D extends Declared> = D extends {
  item: { read(...given: never): infer Item }
}
  ? Item[]
  : D extends { read(...given: never): infer Value }
    ? Value
    : z.output<ReturnType<D['schema']>>

type Table = Record<string, Declared>
type Required<T extends Table, N extends keyof T> = T[N] extends { required: true } ? N : never
type Optional<T extends Table, N extends keyof T> = T[N] extends { required: true } ? never : N
type FormerNames<D> = D extends { formerNames: readonly (infer Name extends string)[] }
  ? Name
  : never

/** One interface out of several, as editors show it best. */
export type Flat<T> = { [N in keyof T]: T[N] }

/** An entry as code gives it, by the declarations of its options. */
export type EntryInput<T extends Table> = Flat<
  { [N in keyof T as Required<T, N>]: InputOf<T[N]> } & {
    [N in keyof T as Optional<T, N>]?: InputOf<T[N]>
  } & WithFormerNames<T>
>

/** An entry that was read. */
export type EntryOutput<T extends Table> = Flat<
  { [N in keyof T as Required<T, N>]: OutputOf<T[N]> } & {
    [N in keyof T as Optional<T, N>]?: OutputOf<T[N]>
  }
>

/** Values under the names they had before. */
export type WithFormerNames<T extends Table> = {
  /** @deprecated It has a new name. */
  [N in keyof T as FormerNames<T[N]>]?: InputOf<T[N]>
}

/** All settings: those with a default always have a value. */
export type Values<T extends Table> = Flat<
  { [N in keyof T as T[N] extends { default: unknown } ? N : never]: OutputOf<T[N]> } & {
    [N in keyof T as T[N] extends { default: unknown } ? never : N]?: OutputOf<T[N]>
  }
>

/** Some settings, as code gives them. */
export type Inputs<T extends Table> = Flat<{ [N in keyof T]?: InputOf<T[N]> } & WithFormerNames<T>>
