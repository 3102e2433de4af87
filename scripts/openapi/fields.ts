/** A JSON Schema's fields as HTML. */
import { htmlText } from '../../src/util/safe/html.ts'
import { COMPONENTS, type Schema } from './schema.ts'

/** Text as HTML; what stands between backticks is code. */
export function words(text: string): string {
  return htmlText(text).replace(/`([^`]+)`/g, '<code>$1</code>')
}

/** What a schema's value may be, in a line. */
export function typeOf(schema: Schema): string {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.slice(COMPONENTS.length)
    return `<a href="#${name}">${name}</a>`
  }
  if (schema.const !== undefined) return `<code>${htmlText(JSON.stringify(schema.const))}</code>`
  if (schema.enum) return schema.enum.map((each) => typeOf({ const: each })).join(' ')
  const branches = schema.anyOf ?? schema.oneOf
  if (branches) return [...new Set(branches.map(typeOf))].join(' or ')
  // Of any type but those that are named.
  if (schema.pattern?.startsWith('^(?!')) return 'another string'
  const types = [schema.type ?? 'anything'].flat()
  return types
    .map((type) => (type === 'array' ? listOf(schema) : type + rangeOf(schema, type)))
    .join(' or ')
}

function listOf({ items }: Schema): string {
  const of = items === undefined ? '' : ` of ${typeOf(items)}`
  return `array${of}`
}

function rangeOf({ minimum, maximum }: Schema, type: string): string {
  if (type !== 'integer' && type !== 'number') return ''
  if (minimum === undefined) return ''
  return maximum === undefined ? ` from ${minimum}` : ` from ${minimum} to ${maximum}`
}

/** The fields of an object; of several forms each. Empty where there are none to tell. */
export function fieldsOf(schema: Schema): string {
  const forms = formsOf(schema)
  return forms.map((form) => `${forms.length > 1 ? nameOf(form) : ''}${listFields(form)}`).join('')
}

/** The objects that a value may be or hold, down to the next that has a name. */
function formsOf(schema: Schema): Schema[] {
  if (schema.$ref !== undefined) return []
  const own = schema.properties === undefined ? [] : [schema]
  const held = [schema.items, schema.additionalProperties].filter(
    (each) => typeof each === 'object',
  )
  const inner = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(held as Schema[])]
  return [...own, ...inner.flatMap(formsOf)]
}

/** Forms are told apart by the one value of a field: `role`, `type`. */
function nameOf({ properties = {} }: Schema): string {
  const [tag] = Object.entries(properties).filter(([name]) => name === 'role' || name === 'type')
  return tag === undefined ? '' : `<p class="form">${tag[0]} ${typeOf(tag[1])}</p>`
}

function listFields({ properties = {}, required = [] }: Schema): string {
  const rows = Object.entries(properties).map(([name, given]) => {
    const own = given['x-own'] as Schema | undefined
    const schema = { ...given, ...own }
    const must = required.includes(name) ? ' <span class="must">required</span>' : ''
    const said = schema.description === undefined ? '' : `<p>${words(schema.description)}</p>`
    const inner = fieldsOf(schema)
    const more = inner === '' ? '' : `<details><summary>fields</summary>${inner}</details>`
    const type = `<span class="type">${typeOf(schema)}</span>`
    return `<dt><code>${htmlText(name)}</code> ${type}${must}</dt><dd>${said}${more}</dd>`
  })
  return rows.length === 0 ? '' : `<dl>${rows.join('\n')}</dl>`
}
