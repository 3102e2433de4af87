// V8: JSON.parse gives an escaped key the name of a key that an object parsed before had in the same place, where
// both begin alike up to a backslash. Run: node repro.mjs (also: deno run -A, bun). Exits with 1 while it does,
// and with 0 once it is fixed.
import process from 'node:process'

/** What the object before has, and what is written in the next. */
const keys = [
  ['\\', '\\n'],
  ['\\', '\\"'],
  ['\\u', '\\u540d\\u524d'],
  ['\\u006', '\\u006dodel'],
]

const wrong = []
for (const [index, [before, written]] of keys.entries()) {
  const first = `"${index}st":0`
  JSON.parse(`{${first},${JSON.stringify(before)}:0}`)
  const key = JSON.parse(`"${written}"`)
  const read = Object.keys(JSON.parse(`{${first},"${written}":0}`))[1]
  if (read !== key) wrong.push(`the key "${written}" was read as ${JSON.stringify(read)}`)
}
console.log(wrong.length > 0 ? wrong.join('\n') : 'Every key was read as it was written: fixed.')
process.exit(wrong.length > 0 ? 1 : 0)
