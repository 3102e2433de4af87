/** JSON Schemas for the arguments of tools that clients run. */

export type Schema = Record<string, unknown>

export function text(description: string): Schema {
  return { type: 'string', description }
}

export function integer(description: string): Schema {
  return { type: 'integer', description }
}

export function oneOf(values: readonly string[], description: string): Schema {
  return { type: 'string', enum: values, description }
}

export function list(items: Schema, description: string): Schema {
  return { type: 'array', items, description }
}

export function object(properties: Record<string, Schema>, required: readonly string[]): Schema {
  return { type: 'object', properties, required }
}
