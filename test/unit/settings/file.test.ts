import { expect, it } from 'vitest'
import { readSettingsFile } from '../../../src/settings/file.ts'

it('takes a file that begins with a byte order mark', async () => {
  const { values, lines } = await readSettingsFile('\uFEFF{\r\n  "port": 1\r\n}\r\n', 'sluice.json')
  expect(values).toEqual({ port: 1 })
  expect(lines.get('port')).toBe(2)
})

it('shows no line break of a file from Windows', async () => {
  const reading = readSettingsFile('{\r\n  "port": =1\r\n}', 'sluice.json')
  await expect(reading).rejects.toThrow(/^sluice\.json:2: .*, got "=1"\.$/)
})
