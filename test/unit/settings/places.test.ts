import { describe, expect, it } from 'vitest'
import { settingsFromEnv } from '../../../src/settings/environment.ts'
import { located } from '../../../src/settings/file.ts'
import { parseSettings } from '../../../src/settings/settings.ts'
import { finish } from '../../../src/util/slices.ts'
import { settingsText } from '../../support/settings-text.ts'
import { refusal, refusalOfEnv } from './refusal.ts'

const hash = `sha256:${'0'.repeat(64)}`

/** The message that the text of a settings file is refused with. */
function refusalOfFile(text: string): string {
  const file = settingsText(text, 's.json')
  const steps = (function* () {
    yield
    return parseSettings(file.values)
  })()
  try {
    finish(located(file, steps))
  } catch (error) {
    return (error as Error).message
  }
  throw new Error('This file was taken.')
}

it.each([
  [
    'a text in a list',
    '{"upstream": ["http://h:1",\n"ftp://x"]}',
    's.json:2: upstream[1]: expected',
  ],
  ['after an empty text', '{"upstream": ["",\n"ftp://x"]}', 's.json:2: upstream[1]: expected'],
  [
    'a label that another has',
    '{"upstream": ["a=http://h:1",\n"a=http://h:2"]}',
    's.json:2: upstream[1].label: expected a label that no other engine has, got "a"; choose another.',
  ],
  [
    'a name that another key has',
    `{"keys": ["a=${hash}",\n"a=${hash}"]}`,
    's.json:2: keys[1].name: expected a name that no other key has, got "a"; choose another.',
  ],
  [
    'an alias of no text',
    '{"alias": {"b": "c",\n"a": 5}}',
    's.json:2: alias.a: expected the name of a model for "a", got 5.',
  ],
  [
    'an alias of an alias',
    '{"alias": {"b": "c",\n"a": "b"}}',
    's.json:2: alias.a: expected a to stand for a model, got b, which is an alias itself; name the model that b stands for.',
  ],
])('the line and the path of %s', (_, text, message) => {
  expect(refusalOfFile(text)).toContain(message)
})

describe('SLUICE_CONFIG', () => {
  const parsed = (text: string) => settingsFromEnv({ SLUICE_CONFIG: text })

  it('may have comments, trailing commas and a $schema, as a settings file may', () => {
    const text = '// a\n{"$schema": "x", /* b, } */ "allowHost": ["a", "b.example",], "port": 1,}\n'
    expect(parsed(text)).toMatchObject({ allowHost: ['a', 'b.example'], port: 1 })
  })

  it.each([
    ['{"port": 1,\n "port": 2}', 'got "port" again at line 2, column 2; remove one of them.'],
    ['{"port": 1,\n "po\\u0072t": 2}', 'got "port" again at line 2'],
    ['{"alias": {"a": "b", "a": "c"}}', 'got "a" again'],
    ['{"a"\n1}', 'at line 2, column 1; write ":" there.'],
    ['{,}', 'write a name in double quotes or "}" there.'],
    ['{"a":[,]}', 'write a value or "]" there.'],
    ['{"a":[1 2]}', 'write "," or a closing bracket there.'],
    ['{"a":}', 'at line 1, column 6; write a value there.'],
    ['{"a":1]', 'write "," or a closing bracket there.'],
    ['{} 1', 'write the end there.'],
    ['{"a": 1', 'at line 1, column 8'],
    ["{'a': 1}", 'at line 1, column 2'],
    ['/* a', 'at line 1, column 1'],
  ])('%s is refused', (text, message) => {
    expect(refusalOfEnv({ SLUICE_CONFIG: text })).toContain(message)
  })

  it('may nest the same name in several objects', () => {
    const text = '{"upstream": [{"url": "http://a"}, {"url": "http://b"}]}'
    expect(parsed(text).upstream).toHaveLength(2)
  })
})

it('names both values that one name has in a text of pairs', () => {
  expect(refusalOfEnv({ SLUICE_ALIAS: 'a=b,a=c' })).toBe(
    'SLUICE_ALIAS: expected one value for "a", got a=b and a=c; remove one of them.',
  )
})

describe('a message says what was given and what to do', () => {
  it.each<[string, object, string]>([
    ['a missing hash', { keys: [{ name: 'a' }] }, 'prints it, got nothing; add it.'],
    [
      'a missing URL',
      { upstream: [{ label: 'a' }] },
      'http://127.0.0.1:11434, got nothing; add it, or set run to the command that starts the server.',
    ],
    ['a key without a name', { keys: 'foo' }, 'keys: expected NAME=sha256:…, as'],
    [
      'an empty list of models',
      { keys: [{ name: 'a', hash, models: [] }] },
      'got an empty array; it would allow no model: leave it out to allow all, or name some.',
    ],
    [
      'an unknown option',
      { upstream: [{ url: 'http://a', zzzzzz: 1 }] },
      'there is no such setting. Use one of url, label, key, models,',
    ],
    [
      'too many keys',
      { upstreamKey: ['a'] },
      'got 1 for 0; remove the others, or add their upstreams.',
    ],
  ])('%s', (_, input, message) => {
    expect(refusal(input)).toContain(message)
  })
})
