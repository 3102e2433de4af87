/** The judge of the documentation sees what would mislead a reader. */
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest'
import { blocksIn } from './blocks.ts'
import { Judge } from './judge.ts'
import { closeUpstreams, Place } from './place.ts'
import { Shell } from './shell.ts'

let place: Place
let shell: Shell
beforeEach(async () => {
  place = new Place()
  shell = await Shell.open(place)
})
afterEach(async () => {
  shell.close()
  await place.close()
})
afterAll(closeUpstreams)

/** What is wrong with blocks that stand on one page. */
async function judged(...blocks: string[]): Promise<string> {
  const judge = new Judge(place, shell)
  const faults: (string | undefined)[] = []
  for (const block of blocksIn(blocks.join('\n\n'), 'docs/page.md')) {
    faults.push(await judge.faultOf(block))
  }
  return faults.filter((fault) => fault !== undefined).join('\n')
}

it.each([
  ['a flag that does not exist', '```sh\nnpm start -- --prot 9000\n```', /--prot: there is no/],
  ['a tool’s option', '```sh\nnpm start -- check http://127.0.0.1:8787 --vai x\n```', /exit 1/],
  ['a command of npm that this is not', '```sh\nnpm strat\n```', /cannot run strat/],
  ['a route', '```sh\ncurl http://127.0.0.1:8787/v1/modells\n```', /was refused: not_found/],
  ['a setting', '```json\n{ "upstreams": [] }\n```', /no such setting/],
  ['a missing brace', '```json answer\n{ "a": 1\n```', /CloseBraceExpected/],
  ['a language', '```\nnpm start\n```', /expected a language that is judged/],
  ['a reason', '```sh not-run="too hard"\nx\n```', /not-run: expected one of/],
  ['YAML', '```yaml\na: [1\n```', /docs\/page.md:1: /],
])('%s', async (_, block, fault) => {
  expect(await judged(block)).toMatch(fault)
})

it('output that the block before did not print', async () => {
  const block = '```sh\necho "one two"\n```'
  expect(await judged(block, '```text output\none …\n```')).toBe('')
  expect(await judged(block, '```text output\ntwo …\n```')).toMatch(/expected the output to have/)
})

it('accepts what is right, and keeps what a block exports', async () => {
  const right = [
    '```sh\nexport URL=http://127.0.0.1:8787\nnpm start -- --log json\n```',
    '```sh\ncurl $URL/v1/models\n```',
    '```json\n{ "upstream": ["http://127.0.0.1:11434"] }\n```',
    '```sh not-run="needs Docker"\ndocker run x\n```',
  ]
  expect(await judged(...right)).toBe('')
})
