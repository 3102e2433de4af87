// Leaves the help texts of settings out of a bundle: `--help` and the documentation are made of them, and
// no worker has either.

import { readFileSync } from 'node:fs'
import { parseSync } from 'vite'

/** The declarations of settings and of their options. */
const DECLARATIONS = /src[\\/]settings[\\/](?:table[\\/]\w[\w-]*|[\w-]+-options|per-upstream)\.ts$/

/** @type {import('esbuild').Plugin} */
export const withoutHelp = {
  name: 'without-help',
  setup({ onLoad }) {
    onLoad({ filter: DECLARATIONS }, ({ path }) => ({
      contents: emptied(path, readFileSync(path, 'utf8')),
      loader: 'ts',
    }))
  },
}

/** The module with an empty text in the place of each help text. @param {string} path @param {string} code */
function emptied(path, code) {
  const { program, errors } = parseSync(path, code)
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`)
  let rest = code
  for (const { start, end } of helpsIn(program).reverse()) {
    rest = `${rest.slice(0, start)}''${rest.slice(end)}`
  }
  return rest
}

/** @typedef {{ start: number, end: number }} Range */

/** Where the values of all properties `help` are, in their order. @param {unknown} node @returns {Range[]} */
function helpsIn(node) {
  if (typeof node !== 'object' || node === null) return []
  const { type, key, value } =
    /** @type {{ type?: string, key?: { name?: string }, value?: Range }} */ (node)
  if (type === 'Property' && key?.name === 'help' && value !== undefined) return [value]
  return Object.values(node).flatMap(helpsIn)
}
