// `npm test`: installs what is missing, then runs every part in order.
//   npm test -- --only unit,types    npm test -- --skip page

import { installAll } from './install.mjs'
import { parts } from './parts.mjs'
import { runParts } from './run-parts.mjs'

const usage = 'usage: npm test -- [--only NAME[,NAME…]] [--skip NAME[,NAME…]]'

const { only, skip } = readChoice(process.argv.slice(2))
try {
  installAll()
} catch (error) {
  fail(error instanceof Error ? error.message : String(error), 1)
}
const chosen = only.length === 0 ? parts : parts.filter(({ name }) => only.includes(name))
const failed = await runParts(chosen, skip)
process.exit(failed === 0 ? 0 : 1)

/** @param {string[]} args */
function readChoice(args) {
  const choice = { only: /** @type {string[]} */ ([]), skip: /** @type {string[]} */ ([]) }
  const words = args.flatMap((arg) => (arg.startsWith('--') ? arg.split(/=(.*)/s, 2) : [arg]))
  for (let i = 0; i < words.length; i += 2) {
    const names = words[i + 1]?.split(',') ?? []
    if (words[i] === '--only') choice.only.push(...names)
    else if (words[i] === '--skip') choice.skip.push(...names)
    else fail(`unknown argument ${words[i]}\n${usage}`, 2)
    if (names.length === 0) fail(`${words[i]} needs a name\n${usage}`, 2)
  }
  const known = parts.map(({ name }) => name)
  const unknown = [...choice.only, ...choice.skip].find((name) => !known.includes(name))
  if (unknown !== undefined) fail(`there is no part "${unknown}": choose ${known.join(', ')}.`, 2)
  return choice
}

/** @param {string} message @param {number} code @returns {never} */
function fail(message, code) {
  console.error(`sluice: ${message}`)
  process.exit(code)
}
