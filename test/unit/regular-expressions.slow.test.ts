import { checkSync } from 'recheck'
import { describe, expect, it } from 'vitest'
import { EXTENSIONS, IRREGULAR_EXTENSIONS } from '../../src/transport/http1/chunk-extensions.ts'
import { codeFiles, regularExpressionsIn } from '../support/regular-expressions.ts'

/** How the time of a search grows with the input: `safe` is constant. */
function growth(pattern: string, flags = ''): string {
  const judged = checkSync(pattern, flags, { timeout: 20_000, randomSeed: 1 })
  return judged.status === 'unknown' ? 'unknown' : judged.complexity.type
}

function isFast(kind: string): boolean {
  return kind === 'safe' || kind === 'linear'
}

/** What a text makes a regular expression from parts, and what it makes of them. */
const BUILT: Record<string, string> = {
  'src/transport/http1/chunk-extensions.ts: new RegExp(`^(?:;${TOKEN}(?:=(?:${TOKEN}|${QUOTED}))?)*\\r$`)':
    EXTENSIONS.source,
  'src/transport/http1/chunk-extensions.ts: new RegExp(\n  `^${BLANKS}(?:;${BLANKS}(?:${TOKEN}${BLANKS}(?:=${BLANKS}(?:${TOKEN}|${QUOTED})${BLANKS})?)?)*\\r$`,\n)':
    IRREGULAR_EXTENSIONS.source,
  'src/wire/chat/message.ts: new RegExp(`^(?!(?:${types})$)`)': '^(?!(?:text|image_url|file)$)',
  "src/wire/responses/request-schema.ts: new RegExp(`^(?!(?:${itemTypes.join('|')})$)`)":
    '^(?!(?:message|function_call|reasoning)$)',
}

/**
 * Regular expressions whose time may grow faster than their input, by their text: why that harms
 * nobody, which is to be a bound of the input and where it is enforced.
 */
const EXCEPTIONS: Record<string, string> = {}

/** What they read is this project's own, when its documentation is built or a version is released. */
const READ_OWN_FILES = ['client-lines', 'docs-check', 'notices', 'set-version'].map(
  (name) => `scripts/${name}.mjs`,
)

const files = codeFiles('src', 'worker', 'demo', 'scripts', 'bench')
  .filter((file) => !READ_OWN_FILES.includes(file))
  .map(regularExpressionsIn)
const literals = files.flatMap((file) => file.literals)

describe('the analysis', () => {
  it.each([
    ['<[^>]*>', 'g'],
    // What was applied to an upstream's error page, of which 65 kB took seconds.
    ['<(style|script)\\b[\\s\\S]*?<\\/\\1|<[^>]*>', 'gi'],
    ['\\s+$', ''],
    ['\\/+$', ''],
    ['"(?:[^"\\\\]|\\\\.)*"', 'gs'],
    ['\\s*,\\s*', ''],
    ['^(.*?),(.*)$', ''],
  ])('finds that /%s/%s is polynomial', (pattern, flags) => {
    expect(growth(pattern, flags)).toBe('polynomial')
  })

  it.each(['^(a+)+$', '^(a|a)*$', '^(\\w+\\s?)*$'])('finds that /%s/ is exponential', (pattern) => {
    expect(growth(pattern)).toBe('exponential')
  })

  it('finds every regular expression', () => {
    expect(literals.length).toBeGreaterThan(150)
    expect(files.flatMap((file) => file.built).sort()).toEqual(Object.keys(BUILT).sort())
  })
})

it('every regular expression takes time that grows with its input, and no faster', () => {
  const patterns = new Map(literals.map((each) => [`/${each.pattern}/${each.flags}`, each]))
  const slow = [...patterns].flatMap(([shown, { place, pattern, flags }]) => {
    if (Object.hasOwn(EXCEPTIONS, shown)) return []
    const kind = growth(pattern, flags)
    return isFast(kind) ? [] : [`${place}: ${shown} is ${kind}`]
  })
  const slowBuilt = Object.values(BUILT).filter((text) => !isFast(growth(text)))
  expect([...slow, ...slowBuilt]).toEqual([])
  const used = Object.keys(EXCEPTIONS).filter((shown) => patterns.has(shown))
  expect(used).toEqual(Object.keys(EXCEPTIONS))
}, 120_000)

describe('each regular expression, fed with repetitions of what it looks for', () => {
  /** The least of three times, in milliseconds, that a search takes. */
  function timeOf(pattern: RegExp, text: string): number {
    const times = [1, 2, 3].map(() => {
      const startedAt = performance.now()
      text.replace(pattern, '')
      return performance.now() - startedAt
    })
    return Math.min(...times)
  }

  /** Pieces to repeat: the characters and the words that the pattern names, and usual ones. */
  function piecesOf(pattern: string): Set<string> {
    const words = pattern.match(/[\w<>"'/:=.,{}-]+/g) ?? []
    return new Set([...' \n\t<a0-_/".,=:;\\\u{fffd}', ...pattern, ...words])
  }

  it.each(literals)('$place /$pattern/$flags', ({ pattern, flags }) => {
    const expression = new RegExp(pattern, flags)
    for (const piece of piecesOf(pattern)) {
      const few = piece.repeat(Math.ceil(8_000 / piece.length))
      for (const end of ['', '\u0000']) {
        // Measured again where something else took the processor. A quadratic one takes 16 times
        // as long.
        let excess = Number.POSITIVE_INFINITY
        for (let tries = 0; tries < 4 && excess > 0; tries++) {
          const four = timeOf(expression, few.repeat(4) + end)
          excess = Math.min(excess, four - 9 * timeOf(expression, few + end) - 10)
        }
        expect(excess, `${JSON.stringify(piece)} repeated`).toBeLessThanOrEqual(0)
      }
    }
  })
})
