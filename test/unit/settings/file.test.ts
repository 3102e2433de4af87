import { expect, it } from 'vitest'
import { settingsText } from '../../support/settings-text.ts'

it('takes a file that begins with a byte order mark', () => {
  const { values, lines } = settingsText('\uFEFF{\r\n  "port": 1\r\n}\r\n', 'sluice.json')
  expect(values).toEqual({ port: 1 })
  expect(lines.get('port')).toBe(2)
})

it('shows no line break of a file from Windows', () => {
  expect(() => settingsText('{\r\n  "port": =1\r\n}', 'sluice.json')).toThrow(
    /^sluice\.json:2: .*, got "=1"\.$/,
  )
})
