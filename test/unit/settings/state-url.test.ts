import { describe, expect, it } from 'vitest'
import { readFlags } from '../../../src/cli/flags.ts'
import { createHandler, parseSettings, SettingsError } from '../../../src/index.ts'
import { readStateUrl } from '../../../src/settings/state-url.ts'

describe('the URL of the store', () => {
  it.each([
    [
      'redis://h',
      { kind: 'single', hosts: [{ host: 'h', port: 6379 }], usesTls: false, database: 0 },
    ],
    ['rediss://h:1/7', { hosts: [{ host: 'h', port: 1 }], usesTls: true, database: 7 }],
    ['redis://[::1]:6380/', { hosts: [{ host: '::1', port: 6380 }], database: 0 }],
    ['redis://u:p%40%2F%25@h', { username: 'u', password: 'p@/%' }],
    ['redis://:p@h', { password: 'p' }],
    ['redis://u@h', { username: 'u' }],
    ['redis://u:a@b@h', { username: 'u', password: 'a@b', hosts: [{ host: 'h', port: 6379 }] }],
    [
      'redis+sentinel://u:p@a,b:2/name/3?sentinelUsername=s&sentinelPassword=%26',
      {
        kind: 'sentinel',
        hosts: [
          { host: 'a', port: 26379 },
          { host: 'b', port: 2 },
        ],
        master: 'name',
        database: 3,
        sentinelUsername: 's',
        sentinelPassword: '&',
      },
    ],
    [
      'rediss+cluster://a,b',
      { kind: 'cluster', usesTls: true, hosts: [{ host: 'a' }, { host: 'b' }] },
    ],
    ['REDIS+Cluster://a', { kind: 'cluster' }],
  ])('%s', (url, expected) => {
    expect(readStateUrl(url)).toMatchObject(expected)
  })

  it('has no user where it names none', () => {
    expect(readStateUrl('redis://:p@h')).not.toHaveProperty('username')
    expect(readStateUrl('redis://h')).not.toHaveProperty('password')
  })

  it.each([
    ['http://s3cret@h', 'the URL of a Redis server, such as redis://127.0.0.1:6379'],
    ['s3cret', 'the URL of a Redis server'],
    ['redis://u:s3cret@', 'a URL such as'],
    ['redis://u:s3cret@h:0', 'ports from 1 to 65535'],
    ['redis://u:s3cret@h:65536', 'ports from 1 to 65535'],
    ['redis://u:s3cret@h:port', 'ports from 1 to 65535'],
    ['redis://u:s3cret@a,b', 'one host, as in redis://127.0.0.1:6379'],
    ['redis://u:s3cret%@h', 'percent-encoded'],
    ['redis://u:s3cret@h/db', 'the number of a database'],
    ['redis://u:s3cret@h/1/2', 'the number of a database'],
    ['redis://u:s3cret@h?x=1', 'no parameters other than sentinelUsername'],
    ['redis+sentinel://u:s3cret@h', "the name of Sentinel's master"],
    ['redis+sentinel://h/m?password=s3cret', 'no parameters other than'],
    ['redis+cluster://u:s3cret@h/1', 'no database, since a cluster has one only'],
  ])('%s is refused without being shown', (url, expected) => {
    const read = () => parseSettings({ state: url })
    expect(read).toThrow(SettingsError)
    expect(read).toThrow(/^state: expected .*[;,] got another text, which is not shown/)
    expect(read).toThrow(expected)
    expect(read).not.toThrow('s3cret')
  })

  it('is not shown either where it is no text', () => {
    expect(() => parseSettings({ state: 5 as never })).toThrow(
      'state: expected the URL of a Redis server, such as redis://127.0.0.1:6379, got a number, which is not shown',
    )
  })

  it('is a flag without a password only', () => {
    expect(readFlags(['--state', 'redis://h']).settings).toEqual({ state: 'redis://h' })
    for (const url of [
      'redis://:s3cret@h',
      'redis+sentinel://h/m?sentinelPassword=s3cret',
      'x@y',
    ]) {
      const read = () => readFlags(['--state', url])
      expect(read).toThrow(
        '--state: expected no secret as a flag, where a list of processes shows it; set SLUICE_STATE instead.',
      )
      expect(read).not.toThrow('s3cret')
    }
  })

  it('is for a server, not for createHandler', () => {
    const make = () => createHandler({ state: 'redis://:s3cret@h' })
    expect(make).toThrow(
      "state: createHandler can't honour this option; it is an option of serve()",
    )
    expect(make).not.toThrow('s3cret')
  })
})
