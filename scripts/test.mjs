// `npm test`: installs what is missing, then runs every part in order.
//   npm test -- --only unit,types    npm test -- --skip page
// `npm run test:quick` runs the parts for while you work; `npm run test:all` runs every suite and client
// on every host, where `npm test` runs what a host can break and compares what the hosts answer to those
// clients' requests, and a short soak.

import { installAll } from './install.mjs'
import { parts } from './parts.mjs'
import { runParts } from './run-parts.mjs'

const usage = 'usage: npm test -- [--tier quick|all] [--only NAME[,NAME…]] [--skip NAME[,NAME…]]'

const { tier, only, skip } = readChoice(process.argv.slice(2))
if (tier === 'all') process.env.SLUICE_TEST_HOSTS = 'whole'
try {
  installAll()
} catch (error) {
  fail(error instanceof Error ? error.message : String(error), 1)
}
const ofTier =
  tier === 'quick'
    ? parts.filter(({ isQuick }) => isQuick)
    : parts
        .filter(({ isLong }) => !isLong || tier === 'all' || only.length > 0)
        .map((part) => ({ ...part, isBeside: part.isBeside === true }))
const chosen = only.length === 0 ? ofTier : ofTier.filter(({ name }) => isNamed(name, only))
const left = chosen.filter(({ name }) => isNamed(name, skip)).map(({ name }) => name)
const failed = await runParts(chosen, left)
process.exit(failed === 0 ? 0 : 1)

/** @param {string[]} args */
function readChoice(args) {
  const choice = {
    tier: '',
    only: /** @type {string[]} */ ([]),
    skip: /** @type {string[]} */ ([]),
  }
  const words = args.flatMap((arg) => (arg.startsWith('--') ? arg.split(/=(.*)/s, 2) : [arg]))
  for (let i = 0; i < words.length; i += 2) {
    const names = words[i + 1]?.split(',') ?? []
    if (words[i] === '--only') choice.only.push(...names)
    else if (words[i] === '--skip') choice.skip.push(...names)
    else if (words[i] === '--tier') choice.tier = names[0] ?? ''
    else fail(`unknown argument ${words[i]}\n${usage}`, 2)
    if (names.length === 0) fail(`${words[i]} needs a name\n${usage}`, 2)
  }
  if (!['', 'quick', 'all'].includes(choice.tier)) {
    fail(`there is no tier "${choice.tier}": choose quick or all.\n${usage}`, 2)
  }
  const known = parts.map(({ name }) => name)
  const unknown = [...choice.only, ...choice.skip].find((name) => !known.includes(name))
  if (unknown !== undefined) fail(`there is no part "${unknown}": choose ${known.join(', ')}.`, 2)
  return choice
}

/** Whether a part is meant: `bun` means `bun-timing` as well. @param {string} part @param {string[]} names */
function isNamed(part, names) {
  return names.some((name) => part === name || part.startsWith(`${name}-`))
}

/** @param {string} message @param {number} code @returns {never} */
function fail(message, code) {
  console.error(`sluice: ${message}`)
  process.exit(code)
}
