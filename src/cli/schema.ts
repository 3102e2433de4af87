/** The JSON Schema of a settings file, out of the declarations of the settings. */
import { toJSONSchema } from 'zod/v4/core'
import { entrySchema } from '../settings/entry.ts'
import { declarations } from '../settings/table/table.ts'

/** For editors: what a settings file may hold, and what each setting means. */
export function settingsSchema(): Record<string, unknown> {
  const { $schema, properties, ...rest } = toJSONSchema(entrySchema(declarations), {
    io: 'input',
  })
  return {
    $schema,
    title: 'Settings of sluice',
    ...rest,
    properties: { $schema: { type: 'string' }, ...properties },
  }
}
