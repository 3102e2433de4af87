import fc from 'fast-check'
import { createScanner } from 'jsonc-parser'
import { describe, expect, it } from 'vitest'
import { scanConfigText } from '../../../src/settings/config-text.ts'
import { type JsonProblem, parseJsonc, type Scanner } from '../../../src/settings/jsonc.ts'
import { finish } from '../../../src/util/slices.ts'

/** Where a text is refused, and for what. */
interface Refusal extends JsonProblem {
  line: number
}

class Refused extends Error {
  readonly problem: JsonProblem
  constructor(problem: JsonProblem) {
    super(problem.kind)
    this.problem = problem
  }
}

/** The value of a text, or its refusal. */
function read(scanner: Scanner): { value: unknown } | Refusal {
  try {
    return { value: finish(parseJsonc(scanner, (problem) => new Refused(problem))).value }
  } catch (error) {
    return { ...(error as Refused).problem, line: scanner.getTokenStartLine() }
  }
}

function expectSame(text: string): void {
  const [own, other] = [read(scanConfigText(text)), read(createScanner(text))]
  // A number that breaks off is one error there, and here a number and an error.
  const isToken = [own, other].some((each) => 'kind' in each && each.kind === 'token')
  expect(compared(own, isToken), JSON.stringify(text)).toEqual(compared(other, isToken))
}

function compared(result: { value: unknown } | Refusal, isToken: boolean) {
  if ('value' in result) return result
  const { kind, line, open, wanted } = result
  const path = open.map(({ at }) => at)
  return isToken ? { line } : { kind, line, path, wanted }
}

const piece = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...'{}[],:', ' ', '\n', '\r\n', '\t') },
  fc.constantFrom('"a"', '"__proto__"', '1', '-0', '1.5e-3', '1E5', 'true', 'false', 'null'),
  fc.constantFrom('//', '// a\n', '/*', '*/', '/**/', '/* a\n */', '/*/', '"', '\\', '\u00a0'),
  fc.constantFrom('01', '1.', '.5', '-', '1e', 'tru', 'True', "'a'", '"\\u00eG"', '"\\x"', '"\n"'),
  fc.constantFrom('"\\u00e9\\n\\/"', '"\u007f"', '"\ud800"', '"\u0001"', '\uFEFF', '\u2028', '\v'),
)

describe('the tokens of SLUICE_CONFIG are those of jsonc-parser', () => {
  it('in whatever is put together from pieces', () => {
    const text = fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join(''))
    fc.assert(fc.property(text, expectSame), { numRuns: 10_000 })
  })

  it('in JSON, and in JSON with one change', () => {
    const json = fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.stringify(value, null, 2))
    const changed = fc.tuple(json, fc.nat(), piece, fc.boolean())
    fc.assert(
      fc.property(changed, ([text, place, inserted, replaces]) => {
        const at = place % (text.length + 1)
        expectSame(text)
        expectSame(text.slice(0, at) + inserted + text.slice(replaces ? at + 1 : at))
      }),
      { numRuns: 2_000 },
    )
  })

  it('in any text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 30 }), expectSame))
  })
})
